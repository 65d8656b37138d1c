// The bound of the rounding error in the range proof: nothing exceeds it, and inputs made to be rounded badly come near it. Each
// of its terms is needed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "reference/activation.hpp"
#include "reference/half.hpp"
#include "support/denormals.hpp"
#include "support/operator.hpp"
#include "support/range_cases.hpp"

namespace sixfold::test {
namespace {

using Real = long double;  // where it is no longer than double, it still is 2^29 times finer than what is measured
constexpr Real kSlack = 1 + Real{0x1p-40};

Real real(float value) { return static_cast<Real>(value); }

Real exact_sum(const std::vector<float>& weights, const std::vector<float>& inputs, Real start) {
  // Of large terms that cancel, the small ones are to be kept: the rest of each addition goes into a sum of its own.
  Real sum = start, rest = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Real product = real(weights[i]) * real(inputs[i]);
    const Real next = sum + product, kept = next - sum;
    rest += (sum - (next - kept)) + (product - kept);
    sum = next;
  }
  return sum + rest;
}

// ---------------------------------------------------------------------------------------------------------- random inputs

std::vector<float> weights_of(const RangeCase& test, std::size_t channel) {
  const std::vector<float>& all = test.conv.arrays.weights;
  const std::size_t window = all.size() / test.conv.desc.output_channels;
  const auto first = all.begin() + static_cast<std::ptrdiff_t>(channel * window);
  return {first, first + static_cast<std::ptrdiff_t>(window)};
}

TEST(RangeError, OfSumsStaysBelowItsBound) {
  Random draws(4);
  for (std::size_t i = 0; i < case_count(60); ++i) {
    const sixfold_type type = draws.pick({SIXFOLD_FP32, SIXFOLD_FP16, SIXFOLD_FP16});
    RangeCase test = bare_window(draws, type, draws.between(1, 60), true);
    for (const sixfold_accumulation accumulation : accumulations_of(type)) {
      test.conv.desc.accumulation = accumulation;
      const sixfold_conv_desc desc = test.desc();
      const Proof proof = prove(desc);
      for (const Draw draw : {Draw::inside, Draw::corners}) {
        fill(test.conv.input, test.input, draw, draws);
        for (std::size_t c = 0; c < desc.output_channels; ++c) {
          const float got = output_for(test, c, test.conv.input.values, test.conv.arrays);
          const Real exact = exact_sum(weights_of(test, c), test.conv.input.values, real(test.conv.arrays.bias[c]));
          ASSERT_LE(std::fabs(real(got) - exact), real(proof.channels[c].output_error) * kSlack);
          ASSERT_LE(proof.channels[c].sum_error, proof.channels[c].output_error);
        }
      }
    }
  }
}

Real true_value(const sixfold_activation& activation, Real slope, Real x) {
  switch (activation.kind) {
    case SIXFOLD_IDENTITY:
      return x;
    case SIXFOLD_RELU:
      return std::max(x, Real{0});
    case SIXFOLD_RELU6:
      return std::min(std::max(x, Real{0}), Real{6});
    case SIXFOLD_CLAMP:
      return std::min(std::max(x, real(activation.alpha)), real(activation.beta));
    case SIXFOLD_LEAKY_RELU:
      return x < 0 ? real(activation.alpha) * x : x;
    case SIXFOLD_PRELU:
      return x < 0 ? slope * x : x;
    case SIXFOLD_HARD_SIGMOID:
      return std::min(std::max(real(activation.alpha) * x + real(activation.beta), Real{0}), Real{1});
    default:
      return reference::true_activation(activation, x);
  }
}

// One window with everything that may follow its sum. The batch norm's mean, variance and epsilon leave its scale and shift as they are.
RangeCase dressed_window(Random& random, sixfold_type type) {
  RangeCase test = bare_window(random, type, random.between(1, 40), true);
  sixfold_conv_desc& desc = test.conv.desc;
  const std::size_t channels = desc.output_channels;
  desc.activation = random_activation(EpilogueKind::any, random);
  if (desc.activation.kind == SIXFOLD_PRELU) test.conv.arrays.slopes = random.uniform(channels, -2.0f, 2.0f);
  if (random.one_in(2)) {
    desc.batch_norm.position = SIXFOLD_BATCH_NORM_AFTER_ACTIVATION;
    test.conv.arrays.mean.assign(channels, 0.0f);
    test.conv.arrays.variance.assign(channels, 1.0f);
    test.conv.arrays.gamma = random.uniform(channels, -3.0f, 3.0f);
    test.conv.arrays.beta = random.uniform(channels, -20.0f, 20.0f);
  }
  desc.residual =
      random.pick({SIXFOLD_NO_RESIDUAL, SIXFOLD_RESIDUAL_BEFORE_ACTIVATION, SIXFOLD_RESIDUAL_AFTER_ACTIVATION});
  test.conv.residual = reference::Image(type, 1, 1, 1, channels);
  test.residual = draw_intervals(random, channels, 30.0f);
  return test;
}

Real exact_output(const RangeCase& test, std::size_t c) {
  const sixfold_conv_desc& desc = test.conv.desc;
  const reference::ConvArrays& arrays = test.conv.arrays;
  const Real residual = real(test.conv.residual.values[c]);
  Real value = exact_sum(weights_of(test, c), test.conv.input.values, real(arrays.bias[c]));
  if (desc.residual == SIXFOLD_RESIDUAL_BEFORE_ACTIVATION) value += residual;
  value = true_value(desc.activation, arrays.slopes.empty() ? 0 : real(arrays.slopes[c]), value);
  if (!arrays.gamma.empty()) value = value * real(arrays.gamma[c]) + real(arrays.beta[c]);
  return desc.residual == SIXFOLD_RESIDUAL_AFTER_ACTIVATION ? value + residual : value;
}

TEST(RangeError, OfOutputsStaysBelowItsBound) {
  Random draws(5);
  for (std::size_t i = 0; i < case_count(150); ++i) {
    const sixfold_type type = draws.pick({SIXFOLD_FP32, SIXFOLD_FP16, SIXFOLD_FP16});
    RangeCase test = dressed_window(draws, type);
    for (const sixfold_accumulation accumulation : accumulations_of(type)) {
      test.conv.desc.accumulation = accumulation;
      const Proof proof = prove(test.desc());
      const Created created = create(test.conv.desc, test.conv.arrays, sixfold_options_default());
      ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
      // Of the activation, and then scaled by up to 3.
      const bool flushes = flushes_denormals(sixfold_kernel_name(created.op.get()));
      const Real flushed = flushes ? 3 * real(flush_margin(0.0f)) : 0;
      for (const Draw draw : {Draw::inside, Draw::inside, Draw::corners}) {
        fill(test.conv.input, test.input, draw, draws);
        fill(test.conv.residual, test.residual, draw, draws);
        const reference::Image output = run(created.op.get(), test.conv.inputs());
        for (std::size_t c = 0; c < test.conv.desc.output_channels; ++c) {
          const Real error = std::fabs(real(output.values[c]) - exact_output(test, c));
          ASSERT_LE(error, real(proof.channels[c].output_error) * kSlack + flushed) << test.conv.text();
        }
      }
    }
  }
}

// ---------------------------------------------------------------------------------------------------------- the worst inputs

struct Setting {
  sixfold_type type;
  sixfold_accumulation accumulation;
};

std::ostream& operator<<(std::ostream& out, const Setting& setting) {
  return out << Arithmetic(setting.type, setting.accumulation);
}

float fma_to_half(float a, float b, float c) {
  const auto bits = [](float x) { return reference::half_from_double(static_cast<double>(x)); };
  return static_cast<float>(reference::half_to_double(reference::half_fma(bits(a), bits(b), bits(c))));
}

// Chooses inputs one after another so that every step is rounded in one direction, up (1) or down (-1), and by as much as can be.
class Adversary {
 public:
  Adversary(const Setting& setting, const sixfold_interval& interval, Real direction, Random& random)
      : setting_(setting), interval_(interval), direction_(direction), random_(random) {}

  std::vector<float> inputs(const std::vector<float>& weights) {
    std::vector<float> chosen;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      constexpr std::size_t block = 32;
      if (setting_.accumulation == SIXFOLD_ACCUMULATE_FP16_BLOCKED && i % block == 0) sum_ = 0.0f;
      chosen.push_back(worst(weights[i]));
      sum_ = after(weights[i], chosen.back());
    }
    return chosen;
  }

 private:
  float after(float weight, float input) const {
    if (setting_.accumulation == SIXFOLD_ACCUMULATE_FP32) return std::fma(weight, input, sum_);
    return fma_to_half(weight, input, sum_);
  }
  Real gain(float weight, float input) const {
    return direction_ * (real(after(weight, input)) - (real(sum_) + real(weight) * real(input)));
  }
  // Near the end that makes the sum largest: the larger the sum, the more a rounding takes or gives.
  float candidate(float weight) {
    const float end = weight > 0.0f ? interval_.high : interval_.low;
    const float width = 0.06f * (interval_.high - interval_.low);
    return reference::stored(setting_.type,
                             weight > 0.0f ? random_.uniform(end - width, end) : random_.uniform(end, end + width));
  }
  float worst(float weight) {
    constexpr int candidates = 40;
    float best = candidate(weight);
    for (int i = 1; i < candidates; ++i) {
      const float other = candidate(weight);
      if (gain(weight, other) > gain(weight, best)) best = other;
    }
    return best;
  }

  Setting setting_;
  sixfold_interval interval_;
  Real direction_;
  Random& random_;
  float sum_ = 0.0f;
};

enum class Weights { aligned, either_sign, large_and_small, large_first };

std::vector<float> draw_weights(Weights kind, std::size_t count, sixfold_type type, Random& random) {
  const float bound = 4.0f / std::sqrt(static_cast<float>(count));  // so that no sum of halves overflows
  std::vector<float> weights;
  for (std::size_t i = 0; i < count; ++i) {
    float weight = random.uniform(0.5f * bound, bound);
    if (kind == Weights::either_sign && random.one_in(2)) weight = -weight;
    if (kind == Weights::large_and_small && i % 2 == 1) weight /= 8.0f;
    // With inputs up to 6: more than 4096, where halves are 4 apart, and then steps of just below 2.
    if (kind == Weights::large_first) weight = i == 0 ? 768.0f : 0.333f;
    weights.push_back(reference::stored(type, weight));
  }
  return weights;
}

// One window; what it stores is the sum less `expected`, so that the store rounds away next to nothing of the error.
struct SumCase {
  RangeCase test;
  Real exact;

  SumCase(const Setting& setting, std::vector<float> weights, std::vector<float> inputs, const sixfold_interval& range,
          float bias = 0.0f) {
    sixfold_conv_desc& desc = test.conv.desc;
    desc.type = setting.type;
    desc.accumulation = setting.accumulation;
    // A length of many channels is spread over columns: where size_t has 32 bits, no size may be beyond 16384.
    constexpr std::size_t most_channels = 4096;
    desc.input_channels = std::min(weights.size(), most_channels);
    desc.kernel_width = weights.size() / desc.input_channels;
    desc.output_channels = 1;
    desc.batch_norm.position = SIXFOLD_BATCH_NORM_AFTER_ACTIVATION;
    exact = exact_sum(weights, inputs, real(bias));
    reference::ConvArrays& arrays = test.conv.arrays;
    arrays.bias = {bias};
    arrays.mean = {0.0f};
    arrays.variance = {1.0f};
    arrays.beta = {-static_cast<float>(exact)};
    test.conv.input = reference::Image(setting.type, 1, 1, desc.kernel_width, desc.input_channels);
    test.conv.input.values = std::move(inputs);
    arrays.weights = std::move(weights);
    test.input = {range};
  }

  // |computed - exact|, of the sum.
  Real error() const {
    const float rest = output_for(test, 0, test.conv.input.values, test.conv.arrays);
    return std::fabs(real(rest) - real(test.conv.arrays.beta[0]) - exact);
  }
  Real bound() const { return real(prove(test.desc()).whole.sum_error); }
  // What the store may change of such an error.
  Real stored_error(Real value) const {
    return test.conv.desc.type == SIXFOLD_FP16 ? value * Real{0x1p-11} + Real{0x1p-25} : Real{0};
  }
};

class WorstInputs : public testing::TestWithParam<Setting> {
 protected:
  static constexpr sixfold_interval range{-6.0f, 6.0f};

  // The error's share of its bound, for the worse direction.
  Real share_of_bound(const std::vector<float>& weights, Random& random) const {
    Real share = 0;
    for (const Real direction : {1.0L, -1.0L}) {
      const SumCase sum(GetParam(), weights, Adversary(GetParam(), range, direction, random).inputs(weights), range);
      const Real error = sum.error(), bound = sum.bound();
      EXPECT_LE(error, bound * kSlack + sum.stored_error(error));
      share = std::max(share, error / bound);
    }
    return share;
  }

  // Whether the bound can be reached. The first few products of halves are exact in fp32. A long sum of halves comes to stand still
  // where its steps are less than half of what halves are apart: then they lose less than that. Those of the last kind lose just that.
  static bool expects_much(Weights kind, std::size_t length) {
    return length >= 64 &&
           (GetParam().accumulation != SIXFOLD_ACCUMULATE_FP16 || length <= 144 || kind == Weights::large_first);
  }
};

// What the adversary's 40 tries miss of half an ulp, and the 6 % of the range that it keeps to try them, leave more than half of the
// bound: where sums pass a power of two, its sum is below it for a while when the bound's is above, and loses half as much.
constexpr Real kShare = 0.6L;

TEST_P(WorstInputs, ReachMostOfTheBoundAndNoMore) {
  Random random(6);
  for (const Weights kind : {Weights::aligned, Weights::either_sign, Weights::large_and_small, Weights::large_first}) {
    for (const std::size_t length : {1u, 2u, 9u, 31u, 32u, 33u, 64u, 65u, 144u, 576u, 4096u}) {
      const Real share = share_of_bound(draw_weights(kind, length, GetParam().type, random), random);
      if (!expects_much(kind, length)) continue;
      EXPECT_GE(share, kShare) << length << " weights of kind " << static_cast<int>(kind);
    }
  }
}

std::vector<Setting> settings() {
  std::vector<Setting> list = {{SIXFOLD_FP32, SIXFOLD_ACCUMULATE_FP32}};
  for (const sixfold_accumulation accumulation : accumulations_of(SIXFOLD_FP16)) {
    list.push_back({SIXFOLD_FP16, accumulation});
  }
  return list;
}

INSTANTIATE_TEST_SUITE_P(All, WorstInputs, testing::ValuesIn(settings()),
                         [](const testing::TestParamInfo<Setting>& info) {
                           return testing::PrintToString(info.param);
                         });

// ---------------------------------------------------------------------------------------------------------- each term

// A large first term, and small ones that each just fail to change it: nearly all that the bound allows is lost.
TEST(RangeError, IsNearlyAttained) {
  constexpr float lost = 0x1.ff8p-12f;  // nearly half the distance between halves above 1
  const sixfold_interval ones{1.0f, 1.0f};
  std::vector<float> weights(32, lost);
  weights[0] = 1.0f;
  for (const sixfold_accumulation accumulation : {SIXFOLD_ACCUMULATE_FP16, SIXFOLD_ACCUMULATE_FP16_BLOCKED}) {
    const Proof proof = prove(pointwise(weights, ones, accumulation));
    EXPECT_EQ(proof.whole.sum.high, 1.0f);
    EXPECT_GE(proof.whole.sum_error, 31.0f * lost);
    EXPECT_LE(proof.whole.sum_error, 1.1f * 31.0f * lost);  // the first step is exact, which the bound does not know
  }
}

void expect_between(Real error, Real bound, Real share) {
  EXPECT_LE(error, bound * kSlack);
  EXPECT_GE(error, share * bound);
}

// A sum that is just lost beside a bias of 2^15, of which fp32 knows multiples of 2^-8.
TEST(RangeError, CountsTheBias) {
  constexpr float lost = 0x1.ff8p-10f;
  for (const sixfold_accumulation accumulation : {SIXFOLD_ACCUMULATE_FP16, SIXFOLD_ACCUMULATE_FP16_BLOCKED}) {
    const SumCase sum({SIXFOLD_FP16, accumulation}, {lost}, {1.0f}, {1.0f, 1.0f}, 0x1p15f);
    expect_between(sum.error(), sum.bound(), 0.99L);
  }
}

// 2^16, made of two blocks, to which many blocks then add what is just lost in an fp32 total. Only proved: where size_t has 32 bits, so
// long a sum cannot be run. Each block has but one step, so that its sum is that weight.
TEST(RangeError, CountsTheTotalsOfBlocks) {
  constexpr std::size_t block = 32, blocks = 0x4000;
  constexpr float lost = 0x1.ff8p-9f;
  std::vector<float> weights(block * blocks, 0.0f);
  for (std::size_t i = 2; i < blocks; ++i) weights[i * block] = lost;
  weights[0] = weights[block] = 0x1p15f;
  const std::vector<float> ones(weights.size(), 1.0f);
  float total = 0.0f;
  for (std::size_t i = 0; i < blocks; ++i) total += weights[i * block];
  const Real error = std::fabs(real(total) - exact_sum(weights, ones, 0));

  const SumCase sum({SIXFOLD_FP16, SIXFOLD_ACCUMULATE_FP16_BLOCKED}, weights, ones, {1.0f, 1.0f});
  // The bound does not know that the first two are exact, where halves are 32 apart.
  expect_between(error, sum.bound(), 0.6L);
}

// In fp32, from a sum of 2^-10, which is exact: each rounds away `lost` of it beside 2^15.
struct FloatTerm {
  static constexpr float lost = 0x1.ff8p-10f, large = 0x1p15f;
  RangeCase test;

  FloatTerm() {
    sixfold_conv_desc& desc = test.conv.desc;
    desc.input_channels = desc.output_channels = 1;
    test.conv.arrays.weights = {1.0f};
    test.conv.input = test.conv.residual = reference::Image(SIXFOLD_FP32, 1, 1, 1, 1);
    test.conv.input.values = {lost};
    test.conv.residual.values = {large};
    test.input = {{lost, lost}};
    test.residual = {{large, large}};
  }
  void expect_error(float expected) const {
    const Created created = create(test.conv.desc, test.conv.arrays, sixfold_options_default());
    ASSERT_EQ(created.status, SIXFOLD_OK) << created.text;
    const float output = run(created.op.get(), test.conv.inputs()).values[0];
    EXPECT_EQ(output, large);
    expect_between(real(expected), real(prove(test.desc()).whole.output_error), 0.99L);
  }
};

TEST(RangeError, CountsResiduals) {
  for (const sixfold_residual position : {SIXFOLD_RESIDUAL_BEFORE_ACTIVATION, SIXFOLD_RESIDUAL_AFTER_ACTIVATION}) {
    FloatTerm term;
    term.test.conv.desc.residual = position;
    term.expect_error(FloatTerm::lost);
  }
}

TEST(RangeError, CountsScaleAndShift) {
  FloatTerm term;
  term.test.conv.desc.batch_norm.position = SIXFOLD_BATCH_NORM_AFTER_ACTIVATION;
  term.test.conv.arrays.mean = {0.0f};
  term.test.conv.arrays.variance = {1.0f};
  term.test.conv.arrays.beta = {FloatTerm::large};
  term.expect_error(FloatTerm::lost);
}

// Of small inputs, whose own roundings are far smaller than that of a result near one half.
TEST(RangeError, CountsTheActivation) {
  Random random(8);
  Real largest_share = 0;
  for (int i = 0; i < 50; ++i) {
    FloatTerm term;
    sixfold_conv_desc& desc = term.test.conv.desc;
    desc.activation = sixfold_activation_default(SIXFOLD_SIGMOID);
    const float x = random.uniform(0x1p-11f, 0x1p-10f);
    term.test.conv.input.values = {x};
    term.test.input = {{x, x}};
    const Real got = real(output_for(term.test, 0, {x}, term.test.conv.arrays));
    const Real error = std::fabs(got - true_value(desc.activation, 0, real(x)));
    const Real bound = real(prove(term.test.desc()).whole.output_error);
    EXPECT_LE(error, bound * kSlack);
    largest_share = std::max(largest_share, error / bound);
  }
  EXPECT_GE(largest_share, 0.2L);  // of 2 ulp, where the last rounding alone takes up to half of one
}

// A value just below a tie of halves.
TEST(RangeError, CountsTheStore) {
  const sixfold_interval ones{1.0f, 1.0f};
  const std::vector<float> weights = {2048.0f, 0x1.ff8p-1f};
  const Proof proof = prove(pointwise(weights, ones, SIXFOLD_ACCUMULATE_FP32));
  EXPECT_EQ(proof.whole.output.high, 2048.0f);
  expect_between(real(weights[1]), real(proof.whole.output_error), 0.99L);
}

// What is so small that it becomes 0: in a half accumulator, at the store, and in an activation.
TEST(RangeError, CountsWhatVanishes) {
  const sixfold_interval small{0x1p-13f, 0x1p-13f};
  const std::vector<float> weights = {0x1.8p-13f};
  for (const sixfold_accumulation accumulation : accumulations_of(SIXFOLD_FP16)) {
    const sixfold_range range = prove(pointwise(weights, small, accumulation)).whole;
    EXPECT_EQ(range.output.high, 0.0f);
    EXPECT_GE(range.output_error, 0x1.8p-26f);
    EXPECT_LE(range.output_error, 0x1.01p-24f);
  }
  const sixfold_interval far{-200.0f, -200.0f};
  const std::vector<float> one = {1.0f};
  sixfold_conv_desc desc = pointwise(one, far, SIXFOLD_ACCUMULATE_FP32);
  desc.type = SIXFOLD_FP32;
  desc.activation = sixfold_activation_default(SIXFOLD_SIGMOID);
  EXPECT_EQ(prove(desc).whole.output.high, 0.0f);
  EXPECT_GT(prove(desc).whole.output_error, 0.0f);
}

// Nothing is lost of a channel without weights.
TEST(RangeError, IsNoneWhereNothingIsAdded) {
  const sixfold_interval relu6{0.0f, 6.0f};
  const std::vector<float> zeros(40, 0.0f);
  for (const sixfold_accumulation accumulation : accumulations_of(SIXFOLD_FP16)) {
    EXPECT_EQ(prove(pointwise(zeros, relu6, accumulation)).whole.output_error, 0.0f);
  }
}

// Whether sums are large upwards or downwards makes no difference.
TEST(RangeError, IsOfTheLargerMagnitude) {
  Random random(7);
  const sixfold_interval up{-1.0f, 6.0f}, down{-6.0f, 1.0f};
  const std::vector<float> weights = draw_weights(Weights::aligned, 100, SIXFOLD_FP16, random);
  for (const sixfold_accumulation accumulation : accumulations_of(SIXFOLD_FP16)) {
    const sixfold_range upwards = prove(pointwise(weights, up, accumulation)).whole;
    const sixfold_range downwards = prove(pointwise(weights, down, accumulation)).whole;
    EXPECT_EQ(upwards.sum_error, downwards.sum_error);
    EXPECT_EQ(upwards.output_error, downwards.output_error);
  }
}

// What a scale magnifies.
TEST(RangeError, GrowsWithTheScale) {
  const sixfold_interval ones{1.0f, 1.0f};
  const std::vector<float> weights(33, 0x1.ff8p-12f);
  const auto bound = [&](float scale) {
    const float zero = 0.0f, one = 1.0f;
    sixfold_conv_desc desc = pointwise(weights, ones, SIXFOLD_ACCUMULATE_FP16);
    desc.batch_norm = {SIXFOLD_BATCH_NORM_AFTER_ACTIVATION, &zero, &one, &scale, nullptr, 0.0f};
    const sixfold_range range = prove(desc).whole;
    return range.output_error;
  };
  EXPECT_EQ(bound(-16.0f), 16.0f * bound(1.0f));
  EXPECT_EQ(bound(0x1p-4f), 0x1p-4f * bound(1.0f));
}

}  // namespace
}  // namespace sixfold::test
