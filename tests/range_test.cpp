// The range proof is sound and sharp: no input exceeds it, and the witness attains it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/operator.hpp"
#include "support/range_cases.hpp"

namespace sixfold::test {
namespace {

void expect_inside(const reference::Image& output, const Proof& proof, const std::string& what) {
  for (std::size_t i = 0; i < output.values.size(); ++i) {
    const sixfold_interval& bound = proof.channels[i % output.channels].output;
    const bool anything = bound.low == -kInfinity && bound.high == kInfinity;  // a NaN, too
    ASSERT_TRUE(anything || (output.values[i] >= bound.low && output.values[i] <= bound.high))
        << what << ": channel " << i % output.channels << " gives " << output.values[i] << ", proved " << bound.low
        << " to " << bound.high;
  }
}

// ---------------------------------------------------------------------------------------------------------- soundness

TEST(Range, NoInputExceedsIt) {
  Random draws(1);
  const std::size_t count = case_count(150);
  for (std::size_t i = 0; i < count; ++i) {
    const sixfold_type type = draws.pick({SIXFOLD_FP32, SIXFOLD_FP16, SIXFOLD_FP16});
    RangeCase test = draw_case(random_shape(draws), type, draws);
    test.conv.settings.output_is_input = -1;
    for (const sixfold_accumulation accumulation : accumulations_of(type)) {
      test.conv.desc.accumulation = accumulation;
      const Created created = create(test.conv.desc, test.conv.arrays, sixfold_options_default());
      ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
      const Proof proof = prove(test.desc());
      for (const Draw draw : {Draw::inside, Draw::corners}) {
        fill(test.conv.input, test.input, draw, draws);
        fill(test.conv.residual, test.residual, draw, draws);
        expect_inside(run(created.op.get(), test.conv.inputs(), test.conv.settings), proof, test.conv.text());
        if (HasFatalFailure()) return;
      }
    }
  }
}

// ---------------------------------------------------------------------------------------------------------- sharpness

void expect_witness_attains(const RangeCase& test) {
  const sixfold_conv_desc desc = test.desc();
  const Proof proof = prove(desc);
  for (std::size_t c = 0; c < desc.output_channels; ++c) {
    const std::vector<float> low = witness(desc, c, SIXFOLD_SMALLEST), high = witness(desc, c, SIXFOLD_LARGEST);
    for (std::size_t i = 0; i < low.size(); ++i) {
      const sixfold_interval& interval = test.input[test.input.size() == 1 ? 0 : i % desc.input_channels];
      for (const float value : {low[i], high[i]}) {
        ASSERT_TRUE(value >= interval.low && value <= interval.high);
        ASSERT_EQ(value, reference::stored(desc.type, value));
      }
    }
    ASSERT_EQ(output_for(test, c, low, test.conv.arrays), proof.channels[c].output.low);
    ASSERT_EQ(output_for(test, c, high, test.conv.arrays), proof.channels[c].output.high);
  }
}

TEST(Range, TheWitnessAttainsIt) {
  Random draws(2);
  for (std::size_t i = 0; i < case_count(60); ++i) {
    const sixfold_type type = draws.pick({SIXFOLD_FP32, SIXFOLD_FP16, SIXFOLD_FP16});
    RangeCase test = bare_window(draws, type, draws.between(1, 40), draws.one_in(2));
    for (const sixfold_accumulation accumulation : accumulations_of(type)) {
      test.conv.desc.accumulation = accumulation;
      expect_witness_attains(test);
      if (HasFatalFailure()) return;
    }
  }
}

// What an accumulator holds after some steps is the output of the same chain with its later weights zero.
TEST(Range, TheWitnessAttainsEveryPartialSum) {
  Random draws(3);
  for (std::size_t i = 0; i < case_count(12); ++i) {
    RangeCase test = bare_window(draws, SIXFOLD_FP16, draws.between(1, 8), false);
    test.conv.desc.kernel_height = 1;
    test.conv.desc.output_channels = 1;
    test.conv.input.height = 1;
    test.conv.desc.accumulation = SIXFOLD_ACCUMULATE_FP16;
    test.conv.arrays.weights.resize(test.conv.desc.kernel_width * test.conv.desc.input_channels);
    const sixfold_conv_desc desc = test.desc();
    const Proof proof = prove(desc);
    float lowest = 0.0f, highest = 0.0f;
    reference::ConvArrays arrays = test.conv.arrays;
    for (std::size_t kept = arrays.weights.size(); kept > 0; --kept) {
      lowest = std::min(lowest, output_for(test, 0, witness(desc, 0, SIXFOLD_SMALLEST), arrays));
      highest = std::max(highest, output_for(test, 0, witness(desc, 0, SIXFOLD_LARGEST), arrays));
      arrays.weights[kept - 1] = 0.0f;
    }
    ASSERT_EQ(lowest, reference::stored(SIXFOLD_FP16, proof.whole.partial.low));
    ASSERT_EQ(highest, reference::stored(SIXFOLD_FP16, proof.whole.partial.high));
  }
}

TEST(Range, EveryAccumulationIsTested) { EXPECT_EQ(accumulations_of(SIXFOLD_FP16).size(), 3u); }

// ---------------------------------------------------------------------------------------------------------- by hand

void expect_interval(const sixfold_interval& interval, float low, float high) {
  EXPECT_EQ(interval.low, low);
  EXPECT_EQ(interval.high, high);
}

TEST(Range, ByHandAfterRelu6) {
  const sixfold_interval relu6{0.0f, 6.0f};
  const std::vector<float> weights = {1.0f, -2.0f, 0.5f};
  const Proof proof = prove(pointwise(weights, relu6, SIXFOLD_ACCUMULATE_FP16));
  expect_interval(proof.whole.exact, -12.0f, 9.0f);
  expect_interval(proof.whole.partial, -12.0f, 9.0f);
  expect_interval(proof.whole.sum, -12.0f, 9.0f);
  expect_interval(proof.whole.output, -12.0f, 9.0f);
  EXPECT_EQ(proof.whole.headroom, 65504.0f / 12.0f);
  EXPECT_EQ(proof.whole.overflowing_sums, 0u);
  EXPECT_EQ(proof.whole.accumulation, SIXFOLD_ACCUMULATE_FP16);
  // Half an ulp of at most 6, 12 and 12; then that of the store.
  const float expected = 0x1p-9f + 0x1p-8f + 0x1p-8f;
  EXPECT_NEAR(proof.whole.sum_error, expected, 0x1p-30f);
  EXPECT_NEAR(proof.whole.output_error, expected + 0x1p-8f, 0x1p-30f);
}

TEST(Range, ByHandPartialSumsThatCancel) {
  const sixfold_interval ones{1.0f, 1.0f};
  const std::vector<float> weights = {60000.0f, 30000.0f, -60000.0f};
  const Proof half = prove(pointwise(weights, ones, SIXFOLD_ACCUMULATE_FP16));
  expect_interval(half.whole.exact, 0.0f, 90000.0f);
  expect_interval(half.whole.partial, 0.0f, kInfinity);
  EXPECT_EQ(half.whole.overflowing_sums, 1u);
  EXPECT_EQ(half.whole.output_error, kInfinity);
  EXPECT_LT(half.whole.headroom, 1.0f);
  const Proof single = prove(pointwise(weights, ones, SIXFOLD_ACCUMULATE_FP32));
  EXPECT_EQ(single.whole.overflowing_sums, 0u);
  expect_interval(single.whole.output, 30000.0f, 30000.0f);
}

// Ones up to some step, and then less: the sums are largest there.
TEST(Range, EveryPartialSumCounts) {
  const sixfold_interval ones{1.0f, 1.0f};
  for (const sixfold_accumulation accumulation : accumulations_of(SIXFOLD_FP16)) {
    for (std::size_t peak = 1; peak <= 70; ++peak) {
      for (const float sign : {1.0f, -1.0f}) {
        std::vector<float> weights(70, -sign);
        std::fill(weights.begin(), weights.begin() + static_cast<std::ptrdiff_t>(peak), sign);
        constexpr std::size_t block = 32;
        const bool blocked = accumulation == SIXFOLD_ACCUMULATE_FP16_BLOCKED;
        const float expected = static_cast<float>(blocked ? std::min(peak, block) : peak);
        const sixfold_range range = prove(pointwise(weights, ones, accumulation)).whole;
        ASSERT_EQ(sign > 0.0f ? range.partial.high : -range.partial.low, expected) << peak;
        ASSERT_EQ(sign > 0.0f ? range.exact.high : -range.exact.low, expected) << peak;
      }
    }
  }
}

// A sum that is no float, nor even a double, lies inside.
TEST(Range, ExactSumsAreRoundedOutwards) {
  const sixfold_interval ones{1.0f, 1.0f};
  const float above = std::nextafter(1.0f, 2.0f);
  for (const float little : {0x1p-24f, 0x1p-30f, 0x1p-60f}) {
    const auto exact = [&](const std::vector<float>& weights) {
      sixfold_conv_desc desc = pointwise(weights, ones, SIXFOLD_ACCUMULATE_FP32);
      desc.type = SIXFOLD_FP32;
      return prove(desc).whole.exact;
    };
    expect_interval(exact({1.0f, little}), 0.0f, above);
    expect_interval(exact({-1.0f, -little}), -above, 0.0f);
  }
}

TEST(Range, InfinitiesOfBlocksMayMakeANaN) {
  const sixfold_interval ones{1.0f, 1.0f};
  std::vector<float> weights(64, 60000.0f);
  std::fill(weights.begin() + 32, weights.end(), -60000.0f);
  const sixfold_range range = prove(pointwise(weights, ones, SIXFOLD_ACCUMULATE_FP16_BLOCKED)).whole;
  expect_interval(range.sum, -kInfinity, kInfinity);
  expect_interval(range.output, -kInfinity, kInfinity);
  EXPECT_EQ(range.sum_error, kInfinity);
  EXPECT_EQ(range.overflowing_sums, 1u);
  EXPECT_EQ(range.overflowing_outputs, 1u);
}

// What is said of all channels together, where another one is the worst in each respect.
TEST(Range, TheWholeHoldsEveryChannel) {
  const sixfold_interval ones{1.0f, 1.0f};
  const std::vector<float> weights = {1.0f, 2.0f, 100.0f, -50.0f, -300.0f, 250.0f, 0.5f, 0.5f};
  sixfold_conv_desc desc = pointwise({1.0f, 1.0f}, ones, SIXFOLD_ACCUMULATE_FP16);
  desc.output_channels = 4;
  desc.weights = weights.data();
  const Proof proof = prove(desc);
  expect_interval(proof.whole.exact, -300.0f, 100.0f);
  expect_interval(proof.whole.partial, -300.0f, 100.0f);
  expect_interval(proof.whole.sum, -50.0f, 50.0f);
  expect_interval(proof.whole.output, -50.0f, 50.0f);
  EXPECT_EQ(proof.whole.worst_channel, 2u);
  EXPECT_EQ(proof.whole.sum_error, proof.channels[2].sum_error);
  EXPECT_EQ(proof.whole.output_error, proof.channels[2].output_error);
  EXPECT_GT(proof.channels[2].output_error, proof.channels[1].output_error);
  EXPECT_EQ(proof.whole.headroom, 65504.0f / 300.0f);
}

TEST(Range, ByHandTheEdgeOfOverflow) {
  const sixfold_interval ones{1.0f, 1.0f};
  const auto overflows = [&](const std::vector<float>& weights) {
    return prove(pointwise(weights, ones, SIXFOLD_ACCUMULATE_FP16)).whole.overflowing_sums;
  };
  EXPECT_EQ(overflows({65504.0f, 15.0f}), 0u);   // rounds down to 65504
  EXPECT_EQ(overflows({65504.0f, 15.99f}), 0u);  // 15.99 is 15.992 in half
  EXPECT_EQ(overflows({65504.0f, 16.0f}), 1u);   // halfway to 65536
  EXPECT_EQ(overflows({-65504.0f, -16.0f}), 1u);
  EXPECT_EQ(overflows({65504.0f, 15.0f, 15.0f, 15.0f}), 0u);  // each is rounded away
}

TEST(Range, BlocksStartAnew) {
  const sixfold_interval ones{1.0f, 1.0f};
  const std::vector<float> weights(96, 1024.0f);
  EXPECT_EQ(prove(pointwise(weights, ones, SIXFOLD_ACCUMULATE_FP16)).whole.overflowing_sums, 1u);
  const Proof blocked = prove(pointwise(weights, ones, SIXFOLD_ACCUMULATE_FP16_BLOCKED));
  expect_interval(blocked.whole.partial, 0.0f, 32768.0f);
  expect_interval(blocked.whole.sum, 98304.0f, 98304.0f);
  EXPECT_EQ(blocked.whole.overflowing_sums, 0u);
  EXPECT_EQ(blocked.whole.overflowing_outputs, 1u);  // the total is beyond a half
}

TEST(Range, PaddingIsAnInputOfZero) {
  const sixfold_interval input{2.0f, 6.0f};
  const std::vector<float> weights = {1.0f, 1.0f, 1.0f};
  sixfold_conv_desc desc = pointwise({1.0f}, input, SIXFOLD_ACCUMULATE_FP32);
  desc.kernel_width = 3;
  desc.weights = weights.data();
  expect_interval(prove(desc).whole.sum, 6.0f, 18.0f);
  desc.pad_left = 1;
  expect_interval(prove(desc).whole.sum, 0.0f, 18.0f);
}

TEST(Range, InputsAreHalves) {
  const std::vector<float> weights = {1.0f};
  const sixfold_interval input{2049.0f, 2055.0f};  // halves there are even
  expect_interval(prove(pointwise(weights, input, SIXFOLD_ACCUMULATE_FP16)).whole.sum, 2050.0f, 2054.0f);
  const sixfold_interval around_zero{-1e-8f, 1e-8f};
  expect_interval(prove(pointwise(weights, around_zero, SIXFOLD_ACCUMULATE_FP16)).whole.sum, 0.0f, 0.0f);
  const sixfold_interval wide{-1e6f, 1e6f};
  expect_interval(prove(pointwise(weights, wide, SIXFOLD_ACCUMULATE_FP16)).whole.sum, -65504.0f, 65504.0f);
}

TEST(Range, WeightsThatAreNotFinite) {
  const sixfold_interval relu6{0.0f, 6.0f};
  const std::vector<float> weights = {1.0f, 1e6f};  // infinite as a half
  const Proof proof = prove(pointwise(weights, relu6, SIXFOLD_ACCUMULATE_FP32));
  expect_interval(proof.whole.sum, -kInfinity, kInfinity);
  EXPECT_EQ(proof.whole.overflowing_sums, 1u);
}

void expect_refused(const sixfold_conv_desc& desc, const std::string& words) {
  sixfold_error error;
  EXPECT_EQ(sixfold_conv_range(&desc, nullptr, 0, nullptr, &error), SIXFOLD_INVALID_ARGUMENT);
  EXPECT_NE(std::string(error.text).find(words), std::string::npos) << error.text;
  EXPECT_EQ(sixfold_conv_range(&desc, nullptr, 0, nullptr, nullptr), SIXFOLD_INVALID_ARGUMENT);
}

// ---------------------------------------------------------------------------------------------------------- automatic accumulation

sixfold_range settled(const std::vector<float>& weights, float tolerance) {
  const sixfold_interval relu6{0.0f, 6.0f};
  sixfold_conv_desc desc = pointwise(weights, relu6, SIXFOLD_ACCUMULATE_AUTO);
  desc.tolerance = tolerance;
  return prove(desc).whole;
}

TEST(AutomaticAccumulation, TakesTheFirstThatIsProved) {
  // Two steps of at most 6 and 12, and the store: 2^-9 + 2^-8 + 2^-8.
  EXPECT_EQ(settled({1.0f, 1.0f}, 0.01f).accumulation, SIXFOLD_ACCUMULATE_FP16);
  EXPECT_EQ(settled({1.0f, 1.0f}, 0.009f).accumulation, SIXFOLD_ACCUMULATE_FP32);
  // 64 steps up to 384 lose more than two blocks of 32 steps up to 192, and 16384 steps overflow.
  const std::vector<float> chain(64, 1.0f);
  const float of_half = settled(chain, 100.0f).output_error;
  EXPECT_EQ(settled(chain, of_half).accumulation, SIXFOLD_ACCUMULATE_FP16);
  EXPECT_EQ(settled(chain, std::nextafter(of_half, 0.0f)).accumulation, SIXFOLD_ACCUMULATE_FP16_BLOCKED);
  EXPECT_EQ(settled(chain, 0.01f).accumulation, SIXFOLD_ACCUMULATE_FP32);
  EXPECT_EQ(settled(std::vector<float>(16384, 1.0f), 60000.0f).accumulation, SIXFOLD_ACCUMULATE_FP32);
}

TEST(AutomaticAccumulation, ExplainSaysWhy) {
  const sixfold_interval relu6{0.0f, 6.0f};
  const std::vector<float> weights(4, 10000.0f);
  sixfold_conv_desc desc = pointwise(weights, relu6, SIXFOLD_ACCUMULATE_AUTO);
  desc.tolerance = 0.5f;
  sixfold_operator* created = nullptr;
  sixfold_error error;
  ASSERT_EQ(sixfold_conv_create(&desc, nullptr, &created, &error), SIXFOLD_OK) << error.text;
  const Operator op(created);
  char text[4096];
  sixfold_explain(op.get(), text, sizeof text);
  EXPECT_NE(
      std::string(text).find("accumulation: fp32; fp16 may overflow, as partial sums reach 240000; fp16 blocked may "
                             "overflow, as partial sums reach 240000; the tolerance is 0.5\n"),
      std::string::npos)
      << text;
}

TEST(AutomaticAccumulation, NeedsRangesAndATolerance) {
  const sixfold_interval relu6{0.0f, 6.0f};
  const std::vector<float> weights = {1.0f};
  sixfold_conv_desc desc = pointwise(weights, relu6, SIXFOLD_ACCUMULATE_AUTO);
  for (const float tolerance : {-1.0f, kInfinity, std::nanf("")}) {
    desc.tolerance = tolerance;
    expect_refused(desc, "desc.tolerance is");
  }
  desc.tolerance = 1.0f;
  desc.ranges.input = nullptr;
  expect_refused(desc, "desc.ranges.input is NULL");
  sixfold_operator* created = nullptr;
  EXPECT_EQ(sixfold_conv_create(&desc, nullptr, &created, nullptr), SIXFOLD_INVALID_ARGUMENT);
  desc.type = desc.weights_type = SIXFOLD_FP32;  // has no choice, and needs to know nothing
  ASSERT_EQ(sixfold_conv_create(&desc, nullptr, &created, nullptr), SIXFOLD_OK);
  sixfold_destroy(created);
}

// ---------------------------------------------------------------------------------------------------------- bad calls

TEST(Range, BadCallsNameTheField) {
  const sixfold_interval relu6{0.0f, 6.0f};
  const std::vector<float> weights = {1.0f, 2.0f};
  const sixfold_conv_desc sound = pointwise(weights, relu6, SIXFOLD_ACCUMULATE_FP16);
  sixfold_conv_desc desc = sound;
  desc.ranges.input = nullptr;
  expect_refused(desc, "desc.ranges.input is NULL");
  desc = sound;
  desc.ranges.input_count = 3;
  expect_refused(desc, "desc.ranges.input_count is 3, must be 1 or the number of channels, 2");
  desc = sound;
  desc.residual = SIXFOLD_RESIDUAL_AFTER_ACTIVATION;
  expect_refused(desc, "desc.ranges.residual is NULL");
  desc = sound;
  desc.weights = nullptr;
  expect_refused(desc, "desc.weights is NULL");
  for (const auto& [interval, words] : std::vector<std::pair<sixfold_interval, std::string>>{
           {{1.0f, 0.0f}, "desc.ranges.input[0].low is 1, above its high end 0"},
           {{0.0f, kInfinity}, "desc.ranges.input[0] is from 0 to inf, must be finite"},
           {{std::nanf(""), 1.0f}, "must be finite"},
           {{70000.0f, 80000.0f}, "no binary16 number lies in it"},
           {{1.0001f, 1.0002f}, "no binary16 number lies in it"}}) {
    desc = sound;
    desc.ranges.input = &interval;
    expect_refused(desc, words);
  }
  sixfold_error error;
  sixfold_channel_range channel;
  EXPECT_EQ(sixfold_conv_range(&sound, &channel, 2, nullptr, &error), SIXFOLD_INVALID_ARGUMENT);
  EXPECT_STREQ(error.text, "channel_count is 2, must be desc.output_channels, 1");
  sixfold_range range{};
  EXPECT_EQ(sixfold_conv_range(&sound, nullptr, 0, &range, &error), SIXFOLD_INVALID_ARGUMENT);
  float values[2];
  EXPECT_EQ(sixfold_conv_witness(&sound, 1, SIXFOLD_LARGEST, values, 2, &error), SIXFOLD_INVALID_ARGUMENT);
  EXPECT_EQ(sixfold_conv_witness(&sound, 0, SIXFOLD_LARGEST, values, 1, &error), SIXFOLD_INVALID_ARGUMENT);
  EXPECT_EQ(sixfold_conv_witness(&sound, 0, SIXFOLD_LARGEST, nullptr, 2, &error), SIXFOLD_INVALID_ARGUMENT);
}

TEST(Range, FullyConnectedIsAPointwiseConvolution) {
  const sixfold_interval relu6{0.0f, 6.0f};
  const std::vector<float> weights = {1.0f, -2.0f};
  sixfold_fully_connected_desc desc = sixfold_fully_connected_desc_default();
  desc.type = SIXFOLD_FP16;
  desc.input_features = 2;
  desc.output_features = 1;
  desc.weights = weights.data();
  desc.ranges.input = &relu6;
  desc.ranges.input_count = 1;
  sixfold_range range = sixfold_range_default();
  sixfold_error error;
  ASSERT_EQ(sixfold_fully_connected_range(&desc, nullptr, 0, &range, &error), SIXFOLD_OK) << error.text;
  expect_interval(range.sum, -12.0f, 6.0f);
}

}  // namespace
}  // namespace sixfold::test
