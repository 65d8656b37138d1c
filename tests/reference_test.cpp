// The reference against cases worked out by hand: what everything else is measured with must itself be right.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "reference/activation.hpp"
#include "reference/conv.hpp"
#include "reference/elementwise.hpp"
#include "reference/half.hpp"
#include "reference/pool.hpp"
#include "support/compare.hpp"

namespace sixfold::test {
namespace {

using namespace sixfold::reference;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kNaN = std::numeric_limits<float>::quiet_NaN();

Image image(std::size_t h, std::size_t w, std::size_t c, std::vector<float> values, sixfold_type type = SIXFOLD_FP32) {
  Image result(type, 1, h, w, c);
  EXPECT_EQ(result.values.size(), values.size());
  result.values = std::move(values);
  return result;
}

void expect_values(const Expected& expected, std::size_t h, std::size_t w, const std::vector<float>& values) {
  ASSERT_EQ(expected.height, h);
  ASSERT_EQ(expected.width, w);
  ASSERT_EQ(expected.values.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) {
      EXPECT_TRUE(std::isnan(expected.values[i].low)) << "element " << i;
      continue;
    }
    EXPECT_EQ(expected.values[i].low, values[i]) << "element " << i;
    EXPECT_EQ(expected.values[i].high, values[i]) << "element " << i;
  }
}

// ---------------------------------------------------------------------------------------------------------- binary16

TEST(ReferenceHalf, GoldenValues) {
  struct Golden {
    std::uint16_t bits;
    double value;
  };
  // From the table of examples that every description of binary16 gives.
  const Golden goldens[] = {{0x0000, 0.0},        {0x0001, 0x1p-24},    {0x03ff, 0x1.ff8p-15}, {0x0400, 0x1p-14},
                            {0x3555, 0x1.554p-2}, {0x3bff, 0x1.ffcp-1}, {0x3c00, 1.0},         {0x3c01, 1.0009765625},
                            {0x4000, 2.0},        {0x4600, 6.0},        {0x7bff, 65504.0},     {0x7c00, HUGE_VAL},
                            {0xc000, -2.0},       {0xfc00, -HUGE_VAL},  {0x8001, -0x1p-24}};
  for (const Golden& golden : goldens) {
    EXPECT_EQ(half_to_double(golden.bits), golden.value) << std::hex << golden.bits;
    EXPECT_EQ(half_from_double(golden.value), golden.bits) << golden.value;
  }
  EXPECT_TRUE(std::signbit(half_to_double(0x8000)));
  EXPECT_EQ(half_from_double(-0.0), 0x8000);
  EXPECT_TRUE(std::isnan(half_to_double(0x7e00)));
  EXPECT_TRUE(std::isnan(half_to_double(half_from_double(std::nan("")))));
}

TEST(ReferenceHalf, RoundsToNearestEven) {
  EXPECT_EQ(half_from_double(65519.99), 0x7bff);
  EXPECT_EQ(half_from_double(65520.0), 0x7c00);
  EXPECT_EQ(half_from_double(2049.0), half_from_double(2048.0));  // halfway between 2048 and 2050
  EXPECT_EQ(half_from_double(2051.0), half_from_double(2052.0));
  EXPECT_EQ(half_from_double(0x1p-25), 0x0000);
  EXPECT_EQ(half_from_double(0x1.0000001p-25), 0x0001);
  EXPECT_EQ(half_from_double(0x1.8p-24), 0x0002);
  EXPECT_EQ(half_from_double(0x1.ffep-15), 0x0400);  // the largest subnormal and a half
  // Rounding by way of float would round twice: this lies just above a tie that float rounds onto.
  EXPECT_EQ(half_from_double(1.0 + 0x1p-11 + 0x1p-40), 0x3c01);
  EXPECT_EQ(half_from_double(static_cast<double>(static_cast<float>(1.0 + 0x1p-11 + 0x1p-40))), 0x3c00);
}

TEST(ReferenceHalf, MultiplyAddsRoundOnce) {
  struct Golden {
    double a, b, c, result;
  };
  const Golden goldens[] = {
      {3.0, 5.0, 7.0, 22.0},
      {-3.0, 5.0, 7.0, -8.0},
      {1.0, 0x1p-11, 1.0, 1.0},                  // a tie goes to the even neighbour
      {1.0, 0x1p-11, 0x1.004p0, 0x1.008p0},      // the same from an odd one
      {0x1.004p0, 0x1p-11, 1.0, 0x1.004p0},      // just above the tie
      {0x1.ffcp0, 0x1p-12, 1.0, 1.0},            // just below it
      {0x1p-24, 0x1p-24, 0x1.004p0, 0x1.004p0},  // too small to be seen
      {0x1p-24, -0x1p-24, 1.0, 1.0},
      {0x1.8p-1, 0x1.554p-11, 1.0, 1.0},         // just below the tie, by the last bit of fp32
      {0x1.004p0, 0x1.ff8p-1, -1.0, -0x1p-20},   // (1 + 2^-10)(1 - 2^-10) - 1: exact
      {3.0, 683 * 0x1p-11, 0x1p-24, 0x1.004p0},  // just above the tie, onto which fp32 rounds it
      {3.0, 683 * 0x1p-11, -0x1p-24, 1.0},
      {3.0, 683 * 0x1p-11, 0.0, 1.0},
      {0x1p-12, 0x1p-13, 0.0, 0.0},  // half the smallest subnormal
      {0x1p-12, 0x1.004p-13, 0.0, 0x1p-24},
      {0x1p-12, 0x1p-13, 0x1p-24, 0x1p-23},
      {0x1p-12, 0x1p-13, 0x1p-23, 0x1p-23},
      {-0x1p-12, 0x1p-13, 0x1p-23, 0x1p-23},
      {255.0, 256.0, 0.0, 65280.0},
      {1.0, 15.99, 65504.0, 65504.0},
      {1.0, 16.0, 65504.0, kInfinity},
      {-1.0, 16.0, -65504.0, -kInfinity},
      {65504.0, 65504.0, -65504.0, kInfinity},
      {256.0, 256.0, -65504.0, 32.0},  // the product alone would overflow
      {kInfinity, 0.0, 1.0, kNaN},
      {kInfinity, 1.0, -kInfinity, kNaN},
      {65504.0, 65504.0, -kInfinity, -kInfinity},  // a finite product, however large
      {1.0, 1.0, kNaN, kNaN},
  };
  for (const Golden& golden : goldens) {
    const double got =
        half_to_double(half_fma(half_from_double(golden.a), half_from_double(golden.b), half_from_double(golden.c)));
    if (std::isnan(golden.result)) {
      EXPECT_TRUE(std::isnan(got)) << golden.a << " * " << golden.b << " + " << golden.c;
    } else {
      EXPECT_EQ(got, golden.result) << golden.a << " * " << golden.b << " + " << golden.c;
    }
  }
}

TEST(ReferenceHalf, EveryFiniteValueAndEveryMidpoint) {
  for (unsigned bits = 0; bits < 0x7c00; ++bits) {
    const auto here = static_cast<std::uint16_t>(bits);
    const double value = half_to_double(here);
    ASSERT_EQ(half_from_double(value), here);
    const double next = bits == 0x7bff ? 65536.0 : half_to_double(static_cast<std::uint16_t>(bits + 1));
    ASSERT_GT(next, value);
    const double middle = (value + next) / 2;
    ASSERT_EQ(half_from_double(middle), static_cast<std::uint16_t>(bits + bits % 2)) << middle;
    ASSERT_EQ(half_from_double(std::nextafter(middle, 0.0)), here);
    ASSERT_EQ(half_from_double(std::nextafter(middle, HUGE_VAL)), static_cast<std::uint16_t>(bits + 1));
  }
}

// ---------------------------------------------------------------------------------------------------------- activations

TEST(ReferenceActivation, UlpsAroundAValue) {
  const Range one = within_ulps(1.0L, 2);
  EXPECT_EQ(one.low, 1.0f - 0x1p-22f);
  EXPECT_EQ(one.high, 1.0f + 0x1p-22f);
  const Range between = within_ulps(1.0L + 0x1p-25L, 2);  // not itself a float
  EXPECT_EQ(between.low, 1.0f - 0x1.8p-23f);
  EXPECT_EQ(between.high, 1.0f + 0x1p-22f);
  const Range zero = within_ulps(0.0L, 2);
  EXPECT_EQ(zero.low, -0x1p-148f);
  EXPECT_EQ(zero.high, 0x1p-148f);
  EXPECT_EQ(within_ulps(static_cast<long double>(std::numeric_limits<float>::max()), 2).high, kInfinity);
  EXPECT_TRUE(std::isnan(within_ulps(std::nanl(""), 2).low));
}

TEST(ReferenceActivation, KnownValues) {
  const auto at = [](sixfold_activation_kind kind, float x, float alpha = 1.0f, float beta = 0.0f) {
    return activate({kind, alpha, beta, nullptr}, 0.25f, x);
  };
  const auto expect_exactly = [](const Range& range, float value) {
    EXPECT_EQ(range.low, value);
    EXPECT_EQ(range.high, value);
  };
  const auto expect_near = [](const Range& range, double value) {
    EXPECT_LE(static_cast<double>(range.low), value);
    EXPECT_GE(static_cast<double>(range.high), value);
    EXPECT_LE(static_cast<double>(range.high - range.low), std::fabs(value) * 0x1p-20);  // at most 4 ulp wide
  };
  expect_exactly(at(SIXFOLD_RELU6, 7.0f), 6.0f);
  expect_exactly(at(SIXFOLD_RELU6, -7.0f), 0.0f);
  expect_exactly(at(SIXFOLD_CLAMP, 0.5f, -1.0f, 0.25f), 0.25f);
  expect_exactly(at(SIXFOLD_LEAKY_RELU, -2.0f, 0.5f), -1.0f);
  expect_exactly(at(SIXFOLD_PRELU, -2.0f), -0.5f);
  expect_exactly(at(SIXFOLD_HARD_SIGMOID, 2.0f, 0.125f, 0.5f), 0.75f);
  // From published tables, to the digits given.
  expect_near(at(SIXFOLD_SIGMOID, 1.0f), 0.73105857863000490);
  expect_near(at(SIXFOLD_TANH, 1.0f), 0.76159415595576489);
  expect_near(at(SIXFOLD_ELU, -1.0f, 2.0f), -1.2642411176571154);
  expect_near(at(SIXFOLD_SOFTPLUS, 1.0f), 1.3132616875182229);
  expect_near(at(SIXFOLD_SWISH, -1.0f), -0.26894142136999512);
  expect_near(at(SIXFOLD_MISH, 1.0f), 0.86509838826731034);
  expect_near(at(SIXFOLD_GELU_ERF, 1.0f), 0.84134474606854293);
  expect_near(at(SIXFOLD_GELU_ERF, -1.0f), -0.15865525393145705);
  expect_near(at(SIXFOLD_GELU_TANH, 1.0f), 0.84119199060827676);
  expect_near(at(SIXFOLD_HARD_SWISH, 1.0f), 4.0 / 6.0);
}

TEST(ReferenceActivation, EveryKindKeepsNaN) {
  for (int kind = 0; kind < SIXFOLD_ACTIVATION_KINDS; ++kind) {
    const Range range = activate({static_cast<sixfold_activation_kind>(kind), 0.5f, 1.0f, nullptr}, 1.0f, kNaN);
    EXPECT_TRUE(std::isnan(range.low) && std::isnan(range.high)) << kind;
  }
}

// ---------------------------------------------------------------------------------------------------------- convolution

sixfold_conv_desc conv_desc(std::size_t in, std::size_t out) {
  sixfold_conv_desc desc = sixfold_conv_desc_default();
  desc.input_channels = in;
  desc.output_channels = out;
  return desc;
}

TEST(ReferenceConv, TwoByTwoWithAsymmetricPadding) {
  sixfold_conv_desc desc = conv_desc(1, 1);
  desc.kernel_height = desc.kernel_width = 2;
  desc.pad_top = 1;
  desc.pad_right = 1;
  // 1 2    under taps  1  10
  // 3 4               100 1000
  const Expected out =
      conv(desc, {{1, 10, 100, 1000}, {0.5f}, {}, {}, {}, {}, {}}, image(2, 2, 1, {1, 2, 3, 4}), nullptr);
  expect_values(out, 2, 2, {2100.5f, 200.5f, 4321.5f, 402.5f});
}

TEST(ReferenceConv, StrideAndDilation) {
  sixfold_conv_desc desc = conv_desc(1, 1);
  desc.kernel_width = 2;
  desc.dilation_width = 2;
  desc.stride_width = 3;
  const Expected out = conv(desc, {{1, 10}, {}, {}, {}, {}, {}, {}}, image(1, 6, 1, {1, 2, 3, 4, 5, 6}), nullptr);
  expect_values(out, 1, 2, {31, 64});
}

TEST(ReferenceConv, GroupsAndBothLayouts) {
  sixfold_conv_desc desc = conv_desc(4, 2);
  desc.groups = 2;
  desc.kernel_width = 2;
  const Image input = image(1, 2, 4, {1, 2, 3, 4, 5, 6, 7, 8});
  const Expected ohwi = conv(desc, {{1, 10, 100, 1000, 2, 20, 200, 2000}, {}, {}, {}, {}, {}, {}}, input, nullptr);
  expect_values(ohwi, 1, 1, {6521, 17486});
  desc.weights_layout = SIXFOLD_OIHW;
  const Expected oihw = conv(desc, {{1, 100, 10, 1000, 2, 200, 20, 2000}, {}, {}, {}, {}, {}, {}}, input, nullptr);
  expect_values(oihw, 1, 1, {6521, 17486});
}

TEST(ReferenceConv, BatchNormBeforeAndAfter) {
  sixfold_conv_desc desc = conv_desc(1, 1);
  desc.batch_norm.epsilon = 0.25f;
  desc.activation.kind = SIXFOLD_RELU;
  const ConvArrays arrays{{2}, {1}, {3}, {3.75f}, {4}, {5}, {}};  // gamma / sqrt(variance + epsilon) = 2
  const Image input = image(1, 2, 1, {1, -3});
  desc.batch_norm.position = SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION;
  expect_values(conv(desc, arrays, input, nullptr), 1, 2, {5, 0});  // (2x + 1 - 3) * 2 + 5
  desc.batch_norm.position = SIXFOLD_BATCH_NORM_AFTER_ACTIVATION;
  expect_values(conv(desc, arrays, input, nullptr), 1, 2, {5, -1});  // (relu(2x + 1) - 3) * 2 + 5
}

TEST(ReferenceConv, ResidualBeforeAndAfter) {
  sixfold_conv_desc desc = conv_desc(1, 1);
  desc.activation.kind = SIXFOLD_RELU;
  const ConvArrays arrays{{1}, {}, {}, {}, {}, {}, {}};
  const Image input = image(1, 2, 1, {1, -3});
  const Image residual = image(1, 2, 1, {10, 2});
  desc.residual = SIXFOLD_RESIDUAL_BEFORE_ACTIVATION;
  expect_values(conv(desc, arrays, input, &residual), 1, 2, {11, 0});
  desc.residual = SIXFOLD_RESIDUAL_AFTER_ACTIVATION;
  expect_values(conv(desc, arrays, input, &residual), 1, 2, {11, 2});
}

TEST(ReferenceConv, HalfWeightsAndOutputRoundOnce) {
  sixfold_conv_desc desc = conv_desc(1, 1);
  desc.type = SIXFOLD_FP16;
  // 1 + 2^-11 + 2^-23 is above the tie, so the weight is 1 + 2^-10; 65504 times it overflows.
  const ConvArrays arrays{{1.0f + 0x1p-11f + 0x1p-23f}, {}, {}, {}, {}, {}, {}};
  const Expected out = conv(desc, arrays, image(1, 2, 1, {1.0f, 65504.0f}, SIXFOLD_FP16), nullptr);
  expect_values(out, 1, 2, {1.0f + 0x1p-10f, kInfinity});
}

TEST(ReferenceConv, PaddingTakesPart) {
  sixfold_conv_desc desc = conv_desc(1, 1);
  desc.kernel_width = 3;
  desc.pad_left = 1;
  const ConvArrays arrays{{kInfinity, 1, 1}, {}, {}, {}, {}, {}, {}};  // 0 * infinity is NaN
  const Expected out = conv(desc, arrays, image(1, 3, 1, {1, 2, 3}), nullptr);
  expect_values(out, 1, 2, {kNaN, kInfinity});
}

// ---------------------------------------------------------------------------------------------------------- pools and the rest

sixfold_pool_desc pool_desc(sixfold_pool_kind kind, std::size_t kernel, std::size_t stride) {
  sixfold_pool_desc desc = sixfold_pool_desc_default();
  desc.kind = kind;
  desc.kernel_width = kernel;
  desc.stride_width = stride;
  return desc;
}

TEST(ReferencePool, MaximumAndCeil) {
  sixfold_pool_desc desc = pool_desc(SIXFOLD_MAX_POOL, 2, 2);
  const Image input = image(1, 5, 1, {-1, -2, -3, -4, -5});
  expect_values(pool(desc, input), 1, 2, {-1, -3});
  desc.ceil_mode = 1;
  expect_values(pool(desc, input), 1, 3, {-1, -3, -5});
  desc.pad_left = 1;
  expect_values(pool(desc, input), 1, 3, {-1, -2, -4});
  // Rounded up there would be three windows, but the last starts in the trailing padding and is dropped.
  desc.pad_left = 0;
  desc.pad_right = 1;
  expect_values(pool(desc, image(1, 4, 1, {-1, -2, -3, -4})), 1, 2, {-1, -3});
}

TEST(ReferencePool, AverageCounts) {
  sixfold_pool_desc desc = pool_desc(SIXFOLD_AVERAGE_POOL, 3, 3);
  desc.pad_left = 1;
  desc.ceil_mode = 1;
  const Image input = image(1, 4, 1, {3, 6, 12, 24});
  expect_values(pool(desc, input), 1, 2, {4.5f, 18});
  desc.count_include_pad = 1;  // the last window's third position lies beyond the padded image and is not counted
  expect_values(pool(desc, input), 1, 2, {3, 18});
  desc.pad_right = 1;
  expect_values(pool(desc, input), 1, 2, {3, 12});
}

TEST(ReferencePool, GlobalAverageAndNaN) {
  const sixfold_pool_desc desc = pool_desc(SIXFOLD_GLOBAL_AVERAGE_POOL, 1, 1);
  expect_values(pool(desc, image(2, 2, 2, {1, 10, 2, 20, 3, 30, 6, 60})), 1, 1, {3, 30});
  const sixfold_pool_desc largest = pool_desc(SIXFOLD_MAX_POOL, 3, 1);
  expect_values(pool(largest, image(1, 3, 1, {1, kNaN, 2})), 1, 1, {kNaN});
}

TEST(ReferenceElementwise, BroadcastAndConvert) {
  sixfold_elementwise_desc desc = sixfold_elementwise_desc_default();
  desc.kind = SIXFOLD_MULTIPLY;
  const Image a = image(1, 2, 2, {1, 2, 3, 4});
  const Image pixel = image(1, 1, 2, {10, 100});
  expect_values(elementwise(desc, {}, a, &pixel), 1, 2, {10, 200, 30, 400});
  desc.kind = SIXFOLD_ADD;
  expect_values(elementwise(desc, {}, a, &a), 1, 2, {2, 4, 6, 8});
  expect_values(convert(SIXFOLD_FP16, image(1, 2, 1, {2049, -70000})), 1, 2, {2048, -kInfinity});
}

TEST(Compare, FindsTheElement) {
  const Image a = image(1, 2, 2, {1, 2, kNaN, 0.0f});
  Image b = image(1, 2, 2, {1, 2, -kNaN, -0.0f});
  EXPECT_TRUE(same_values(a, b));
  b.values[3] = 0x1p-149f;
  const testing::AssertionResult result = same_values(a, b);
  EXPECT_FALSE(result);
  EXPECT_NE(std::string(result.message()).find("row 0, column 1, channel 1"), std::string::npos) << result.message();
  EXPECT_FALSE(same_values(a, image(1, 2, 2, {1, 2, 3, 0})));
  EXPECT_FALSE(same_values(a, image(2, 1, 2, {1, 2, kNaN, 0})));
}

}  // namespace
}  // namespace sixfold::test
