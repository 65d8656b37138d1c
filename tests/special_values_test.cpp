// NaN, infinities, zeros of both signs, denormals and the ends of the ranges, wherever a value can stand.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "reference/elementwise.hpp"
#include "reference/pool.hpp"
#include "support/compare.hpp"
#include "support/conv_cases.hpp"
#include "support/denormals.hpp"
#include "support/rows.hpp"

namespace sixfold::test {
namespace {

const float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();

// In fp16 the values beyond its range become infinities or zeros, by the reference's rounding.
const std::vector<float> kSpecials = {
    0.0f,      -0.0f,      kNaN,      -kNaN,     kInfinity,    -kInfinity, kLargest,        -kLargest,
    0x1p-149f, -0x1p-149f, 0x1p-126f, 65504.0f,  -65504.0f,    65519.0f,   65520.0f,        -65520.0f,
    0x1p-14f,  0x1p-24f,   0x1p-25f,  -0x1p-24f, 0x1.ff8p-15f, 1.0f,       -1.0f,           3.0f,
    -3.0f,     6.0f,       1e10f,     -1e10f,    100.0f,       -100.0f,    0x1.fffffep-127f};

// Puts special values in the place of one in `rarity`.
void sprinkle(std::vector<float>& values, sixfold_type type, std::size_t rarity, Random& random) {
  for (float& value : values) {
    if (random.one_in(rarity)) value = reference::stored(type, random.pick(kSpecials));
  }
}

// Whether the reference has one value for the activation, not an interval. An interval around zero cannot be followed through
// an infinite scale.
bool has_one_value(sixfold_activation_kind kind) { return kind <= SIXFOLD_PRELU || kind == SIXFOLD_HARD_SIGMOID; }

class Special : public testing::TestWithParam<Backend> {
 protected:
  void expect_reference(ConvCase& test) {
    const CaseLabel label(test.text().c_str());
    const Created created = create(test.desc, test.arrays, forced(GetParam().name.c_str()));
    ASSERT_EQ(created.status, SIXFOLD_OK) << created.text << "\n" << test.text();
    ASSERT_TRUE(agrees(test.expected(), run(created.op.get(), test.inputs(), test.settings)))
        << sixfold_kernel_name(created.op.get()) << ": " << test.text();
  }
};

// Few specials at a time: where everything is NaN, nothing is tested.
TEST_P(Special, InConvolutions) {
  const std::size_t count = case_count(400);
  for (std::size_t i = 0; i < count && !HasFailure(); ++i) {
    Random random(2000 + i);
    ConvCase test = make_case(random_shape(random), random_arithmetic(random), EpilogueKind::any, random);
    const std::size_t where = random.below(5);
    if (where == 0) sprinkle(test.input.values, test.desc.type, 40, random);
    if (where == 1) sprinkle(test.arrays.weights, test.desc.weights_type, 40, random);
    if (where == 2) sprinkle(test.arrays.bias, SIXFOLD_FP32, 3, random);
    if (where == 3) sprinkle(test.residual.values, test.desc.type, 3, random);
    if (where == 4) {
      if (has_one_value(test.desc.activation.kind)) sprinkle(test.arrays.gamma, SIXFOLD_FP32, 3, random);
      sprinkle(test.arrays.beta, SIXFOLD_FP32, 3, random);
      sprinkle(test.arrays.mean, SIXFOLD_FP32, 3, random);
      sprinkle(test.arrays.slopes, SIXFOLD_FP32, 3, random);
    }
    expect_reference(test);
  }
}

// Taps in the padding are +0 inputs that take part: against an infinite or NaN weight they give NaN.
TEST_P(Special, PaddingMeetsInfiniteWeights) {
  for (const sixfold_type type : {SIXFOLD_FP32, SIXFOLD_FP16}) {
    for (const std::size_t groups : {std::size_t{1}, std::size_t{2}, std::size_t{6}}) {
      for (const std::size_t kernel : {std::size_t{3}, std::size_t{5}, std::size_t{4}}) {
        for (const std::size_t stride : {std::size_t{1}, std::size_t{2}}) {
          for (const float weight : {kInfinity, -kInfinity, kNaN}) {
            Random random(7);
            ConvShape shape;
            shape.height = shape.width = 8;
            shape.input_channels = shape.output_channels = 6;
            shape.groups = groups;
            shape.kernel_height = shape.kernel_width = kernel;
            shape.stride_height = shape.stride_width = stride;
            shape.pad_top = shape.pad_left = shape.pad_bottom = shape.pad_right = 2;
            ConvCase test = make_case(shape, type, EpilogueKind::clamp, random);
            test.arrays.weights[0] = weight;
            test.arrays.weights[test.arrays.weights.size() - 1] = weight;
            test.arrays.weights[test.arrays.weights.size() / 2] = weight;
            expect_reference(test);
            if (HasFatalFailure()) return;
          }
        }
      }
    }
  }
}

// Sums that leave the range of fp16 on their way come back; results beyond it are infinite.
TEST_P(Special, OverflowOfHalves) {
  ConvCase test;
  test.desc.type = SIXFOLD_FP16;
  test.desc.input_channels = 3;
  test.desc.output_channels = 4;
  test.arrays.weights = {1, 1, -1, 1, 1, 0, -1, -1, 0, 1, 0x1.01p-12f, 0};
  test.input = reference::Image(SIXFOLD_FP16, 1, 1, 1, 3);
  test.input.values = {65504.0f, 65504.0f, 65504.0f};
  expect_reference(test);
  const reference::Expected expected = test.expected();
  EXPECT_EQ(expected.values[0].low, 65504.0f);
  EXPECT_EQ(expected.values[1].low, kInfinity);
  EXPECT_EQ(expected.values[2].low, -kInfinity);
  EXPECT_EQ(expected.values[3].low, kInfinity);  // 65504 + 16.05, nearer to 65536 than to 65504
}

TEST_P(Special, NaNStaysThroughEveryActivation) {
  for (int kind = 0; kind < SIXFOLD_ACTIVATION_KINDS; ++kind) {
    for (const sixfold_type type : {SIXFOLD_FP32, SIXFOLD_FP16}) {
      sixfold_elementwise_desc desc = sixfold_elementwise_desc_default();
      desc.type = type;
      desc.activation = sixfold_activation_default(static_cast<sixfold_activation_kind>(kind));
      desc.channels = 19;
      const std::vector<float> slopes(kind == SIXFOLD_PRELU ? desc.channels : 0, 0.5f);
      const Created created = create(desc, slopes, forced(GetParam().name.c_str()));
      ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
      reference::Image input(type, 1, 1, desc.channels, desc.channels);
      for (std::size_t i = 0; i < desc.channels; ++i) input.values[i * desc.channels + i] = i % 2 == 0 ? kNaN : -kNaN;
      const reference::Image output = run(created.op.get(), {&input});
      for (std::size_t i = 0; i < output.values.size(); ++i) {
        EXPECT_EQ(std::isnan(output.values[i]), std::isnan(input.values[i])) << "kind " << kind << ", element " << i;
      }
    }
  }
}

TEST_P(Special, ThroughActivations) {
  for (int kind = 0; kind < SIXFOLD_ACTIVATION_KINDS; ++kind) {
    for (const sixfold_type type : {SIXFOLD_FP32, SIXFOLD_FP16}) {
      sixfold_elementwise_desc desc = sixfold_elementwise_desc_default();
      desc.type = type;
      desc.activation = sixfold_activation_default(static_cast<sixfold_activation_kind>(kind));
      reference::Image input(type, 1, 1, 1, kSpecials.size());
      desc.channels = input.channels;
      for (std::size_t i = 0; i < kSpecials.size(); ++i) input.values[i] = reference::stored(type, kSpecials[i]);
      std::vector<float> slopes;
      if (kind == SIXFOLD_PRELU) slopes.assign(desc.channels, 0.25f);
      const Created created = create(desc, slopes, forced(GetParam().name.c_str()));
      ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
      EXPECT_TRUE(agrees(reference::elementwise(desc, slopes, input, nullptr), run(created.op.get(), {&input})))
          << "kind " << kind;
    }
  }
}

TEST_P(Special, InSumsAndProducts) {
  const std::size_t count = kSpecials.size();
  for (const sixfold_elementwise_kind kind : {SIXFOLD_ADD, SIXFOLD_MULTIPLY}) {
    for (const sixfold_type type : {SIXFOLD_FP32, SIXFOLD_FP16}) {
      sixfold_elementwise_desc desc = sixfold_elementwise_desc_default();
      desc.type = type;
      desc.kind = kind;
      reference::Image a(type, 1, 1, count, count);
      reference::Image b(type, 1, 1, count, count);
      for (std::size_t i = 0; i < count * count; ++i) {
        a.values[i] = reference::stored(type, seen_by(GetParam().name, kSpecials[i / count]));
        b.values[i] = reference::stored(type, seen_by(GetParam().name, kSpecials[i % count]));
      }
      const Created created = create(desc, {}, forced(GetParam().name.c_str()));
      ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
      EXPECT_TRUE(agrees(reference::elementwise(desc, {}, a, &b), run(created.op.get(), {&a, &b}))) << "kind " << kind;
    }
  }
}

// Operands and results: 2^-130 + 2^-130, 2^-140 * 2^20, 2^-70 * 2^-70, in whole vectors and in tails.
TEST_P(Special, DenormalsCountOrAreFlushed) {
  const bool flushed = flushes_denormals(GetParam().name);
  for (const std::size_t channels : {std::size_t{1}, std::size_t{19}}) {
    const auto expect = [&](sixfold_elementwise_kind kind, float x, float y, float result) {
      sixfold_elementwise_desc desc = sixfold_elementwise_desc_default();
      desc.kind = kind;
      const Created created = create(desc, {}, forced(GetParam().name.c_str()));
      ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
      reference::Image a(SIXFOLD_FP32, 1, 1, 1, channels);
      reference::Image b = a;
      a.values.assign(channels, x);
      b.values.assign(channels, y);
      for (const float value : run(created.op.get(), {&a, &b}).values) EXPECT_EQ(value, flushed ? 0.0f : result);
    };
    expect(SIXFOLD_ADD, 0x1p-130f, 0x1p-130f, 0x1p-129f);
    expect(SIXFOLD_MULTIPLY, 0x1p-140f, 0x1p+20f, 0x1p-120f);
    expect(SIXFOLD_MULTIPLY, 0x1p-70f, 0x1p-70f, 0x1p-140f);
  }
}

TEST_P(Special, InPools) {
  Random random(8);
  const std::size_t count = case_count(60);
  for (std::size_t i = 0; i < count; ++i) {
    sixfold_pool_desc desc = sixfold_pool_desc_default();
    desc.type = random.pick({SIXFOLD_FP32, SIXFOLD_FP16});
    desc.kind = random.pick({SIXFOLD_MAX_POOL, SIXFOLD_AVERAGE_POOL, SIXFOLD_GLOBAL_AVERAGE_POOL});
    desc.kernel_height = desc.kernel_width = random.between(2, 3);
    desc.pad_top = desc.pad_left = desc.pad_bottom = desc.pad_right = 1;
    desc.count_include_pad = random.one_in(2) ? 1 : 0;
    reference::Image input(desc.type, 1, 5, 6, random.between(1, 40));
    fill_uniform(input, random);
    sprinkle(input.values, desc.type, i % 2 == 0 ? 30 : 1,
             random);  // every value special: all of a window minus infinity
    const Created created = create(desc, forced(GetParam().name.c_str()));
    ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
    ASSERT_TRUE(agrees(reference::pool(desc, input), run(created.op.get(), {&input}))) << "kind " << desc.kind;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Special, testing::ValuesIn(supported_backends()),
                         [](const testing::TestParamInfo<Backend>& info) { return info.param.name; });

}  // namespace
}  // namespace sixfold::test
