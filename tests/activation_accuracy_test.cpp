// Every activation on a dense sample of all floats: within the promised 2 ulp of its formula in long double, and the
// same value on every backend. The sample is a stride through the bit patterns, which meets every exponent with ever
// different fractions, and the neighbourhoods of the values where formulas change, results underflow, and
// implementations tend to switch.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <iomanip>
#include <limits>
#include <sstream>

#include "reference/activation.hpp"
#include "support/denormals.hpp"
#include "support/operator.hpp"
#include "support/rows.hpp"
#include "support/settings.hpp"

namespace sixfold::test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// sixfold.h promises it.
constexpr long double kPromisedUlps = 2.0L;

struct Activation {
  std::string name;
  sixfold_activation value;
  float slope;  // PRELU's, the same for all channels
};

std::ostream& operator<<(std::ostream& out, const Activation& activation) { return out << activation.name; }

Activation activation(const char* name, sixfold_activation_kind kind) {
  return {name, sixfold_activation_default(kind), 0.0f};
}

Activation activation(const char* name, sixfold_activation_kind kind, float alpha, float beta = 0.0f) {
  Activation result{name, sixfold_activation_default(kind), kind == SIXFOLD_PRELU ? alpha : 0.0f};
  result.value.alpha = alpha;
  result.value.beta = beta;
  return result;
}

// Parameters of either sign, so small and so large that products with them leave the range of float, and zeros.
const std::vector<Activation> kActivations = {
    activation("identity", SIXFOLD_IDENTITY),
    activation("relu", SIXFOLD_RELU),
    activation("relu6", SIXFOLD_RELU6),
    activation("clamp", SIXFOLD_CLAMP, -1.5f, 2.5f),
    activation("clamp_unbounded", SIXFOLD_CLAMP, -kInfinity, kInfinity),
    activation("leaky_relu", SIXFOLD_LEAKY_RELU),
    activation("leaky_relu_negative", SIXFOLD_LEAKY_RELU, -0.3f),
    activation("leaky_relu_zero", SIXFOLD_LEAKY_RELU, 0.0f),
    activation("prelu", SIXFOLD_PRELU, 0.25f),
    activation("elu", SIXFOLD_ELU),
    activation("elu_scaled", SIXFOLD_ELU, 1.67326324f),
    activation("elu_negative", SIXFOLD_ELU, -0.7f),
    activation("elu_tiny", SIXFOLD_ELU, 3e-39f),
    activation("elu_huge", SIXFOLD_ELU, 3e38f),
    activation("elu_zero", SIXFOLD_ELU, 0.0f),
    activation("sigmoid", SIXFOLD_SIGMOID),
    activation("tanh", SIXFOLD_TANH),
    activation("softplus", SIXFOLD_SOFTPLUS),
    activation("silu", SIXFOLD_SWISH),
    activation("swish_quick_gelu", SIXFOLD_SWISH, 1.702f),
    activation("swish_slow", SIXFOLD_SWISH, 0.037f),
    activation("swish_negative", SIXFOLD_SWISH, -1.3f),
    activation("swish_tiny", SIXFOLD_SWISH, 1.1e-37f),
    activation("swish_denormal", SIXFOLD_SWISH, 0x1p-149f),
    activation("swish_huge", SIXFOLD_SWISH, -2.3e37f),
    activation("swish_zero", SIXFOLD_SWISH, 0.0f),
    activation("mish", SIXFOLD_MISH),
    activation("gelu_erf", SIXFOLD_GELU_ERF),
    activation("gelu_tanh", SIXFOLD_GELU_TANH),
    activation("hard_sigmoid", SIXFOLD_HARD_SIGMOID),
    activation("hard_sigmoid_negative", SIXFOLD_HARD_SIGMOID, -0.2f, 0.4f),
    activation("hard_swish", SIXFOLD_HARD_SWISH),
};

std::vector<float> corners() {
  std::vector<float> list = {
      kInfinity, -kInfinity, kNaN, -kNaN, std::bit_cast<float>(0x7f800001U), std::bit_cast<float>(0xffffffffU)};
  const float largest = std::numeric_limits<float>::max();
  for (const float magnitude :
       {0.0f,        0x1p-149f,  0x1p-126f, 0x1p-75f, 0x1p-24f, 0x1p-12f, 0.25f,     0.34657359f, 0.5f,      0.55f,
        0.69314718f, 1.0f,       2.0f,      2.75f,    3.0f,     6.0f,     9.0f,      10.0f,       11.0f,     14.0f,
        14.5f,       16.635532f, 17.33f,    20.0f,    64.0f,    87.0f,    87.33655f, 88.0f,       88.72284f, 100.0f,
        103.3f,      103.97f,    105.0f,    110.0f,   128.0f,   200.0f,   1e10f,     0x1p+64f,    largest}) {
    for (const float centre : {magnitude, -magnitude}) {
      float below = centre;
      float above = centre;
      for (int step = 0; step < 8; ++step) {
        list.push_back(below);
        list.push_back(above);
        below = std::nextafter(below, -kInfinity);
        above = std::nextafter(above, kInfinity);
      }
    }
  }
  return list;
}

// A prime number of bit patterns apart, starting elsewhere for each activation.
std::vector<float> sample(std::size_t count, std::uint32_t start) {
  std::vector<float> list = corners();
  constexpr std::uint64_t patterns = std::uint64_t{1} << 32;
  const std::uint64_t stride = (patterns / count) | 1;
  for (std::uint64_t bits = start % stride; bits < patterns; bits += stride) {
    list.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  return list;
}

reference::Image image_of(const std::vector<float>& values, std::size_t channels) {
  reference::Image image(SIXFOLD_FP32, 1, 1, (values.size() + channels - 1) / channels, channels);
  std::copy(values.begin(), values.end(), image.values.begin());
  return image;
}

reference::Image activated(const Activation& activation, const Backend& backend, const reference::Image& input) {
  sixfold_elementwise_desc desc = sixfold_elementwise_desc_default();
  desc.kind = SIXFOLD_ACTIVATE;
  desc.channels = input.channels;
  desc.activation = activation.value;
  const bool prelu = activation.value.kind == SIXFOLD_PRELU;
  const std::vector<float> slopes(prelu ? input.channels : 0, activation.slope);
  const Created created = create(desc, slopes, forced(backend.name.c_str()));
  if (created.status != SIXFOLD_OK) throw std::runtime_error(created.text);
  return run(created.op.get(), {&input});
}

bool has_error_bound(const Activation& activation) {
  return activation.value.kind >= SIXFOLD_ELU && activation.value.kind != SIXFOLD_HARD_SIGMOID;
}

// How far a result is from the truth, in units of the last place of a float as large as the truth; infinite where one
// of them is a NaN or an infinity that the other is not.
long double distance_in_ulps(float result, long double truth) {
  constexpr int fraction_bits = 23;
  constexpr int smallest_exponent = -126;
  constexpr long double overflow = 0x1.ffffffp+127L;  // where rounding to nearest gives an infinity
  if (std::isnan(truth) || std::isnan(result)) return std::isnan(truth) == std::isnan(result) ? 0.0L : HUGE_VALL;
  if (std::isinf(result))
    return std::signbit(result) == std::signbit(truth) && std::fabs(truth) >= overflow ? 0.0L : HUGE_VALL;
  if (std::isinf(truth)) return HUGE_VALL;
  const int exponent = truth == 0 ? smallest_exponent : std::max(std::ilogb(truth), smallest_exponent);
  return std::fabs(std::ldexp(static_cast<long double>(result) - truth, fraction_bits - exponent));
}

std::string hex(float x) {
  std::ostringstream out;
  out << std::setprecision(9) << x << " (" << std::hexfloat << x << ", bits " << std::hex
      << std::bit_cast<std::uint32_t>(x) << ")";
  return out.str();
}

// The values and the activation as the backend sees them: most see them as they are.
reference::Image image_seen_by(const Backend& backend, reference::Image image) {
  for (float& value : image.values) value = seen_by(backend.name, value);
  return image;
}

Activation activation_seen_by(const Backend& backend, Activation activation) {
  activation.value.alpha = seen_by(backend.name, activation.value.alpha);
  return activation;
}

bool within_flush_margin(const Backend& backend, float result, long double truth) {
  return flushes_denormals(backend.name) &&
         std::fabs(static_cast<long double>(result) - truth) <= static_cast<long double>(flush_margin(result));
}

class ActivationAccuracy : public testing::TestWithParam<Activation> {
 protected:
  // One pattern in about 4300 by default: it meets every exponent 1900 times.
  reference::Image input() const {
    constexpr std::size_t channels = 1009;  // no multiple of any vector
    const auto start = static_cast<std::uint32_t>(stream_of(GetParam().name) + seed());
    return image_of(sample(case_count(1000000), start), channels);
  }
};

void expect_close(const Activation& activation, const Backend& backend, const reference::Image& in,
                  const reference::Image& out) {
  long double worst = 0;
  std::size_t where = 0;
  for (std::size_t i = 0; i < in.values.size(); ++i) {
    const long double x = static_cast<long double>(in.values[i]);
    const long double truth = std::isnan(x) ? x : reference::true_activation(activation.value, x);
    if (within_flush_margin(backend, out.values[i], truth)) continue;
    const long double distance = distance_in_ulps(out.values[i], truth);
    if (distance > worst) {
      worst = distance;
      where = i;
    }
  }
  std::cout << "  " << std::setw(6) << backend.name << ": at most " << std::fixed << std::setprecision(3) << worst
            << " ulp, at " << hex(in.values[where]) << "\n";
  EXPECT_LE(worst, kPromisedUlps) << backend.name << " gives " << hex(out.values[where]) << " for "
                                  << hex(in.values[where]);
}

void expect_exact(const Activation& activation, const Backend& backend, const reference::Image& in,
                  const reference::Image& out) {
  for (std::size_t i = 0; i < in.values.size(); ++i) {
    const float expected = reference::activate(activation.value, activation.slope, in.values[i]).low;
    const bool same = std::isnan(expected) ? std::isnan(out.values[i]) : expected == out.values[i];
    ASSERT_TRUE(same || within_flush_margin(backend, out.values[i], static_cast<long double>(expected)))
        << backend.name << " gives " << hex(out.values[i]) << " for " << hex(in.values[i]) << ", not " << hex(expected);
  }
}

TEST_P(ActivationAccuracy, HoldsItsBoundOverAllFloats) {
  const reference::Image all = input();
  for (const Backend& backend : supported_backends()) {
    const reference::Image in = image_seen_by(backend, all);
    const Activation activation = activation_seen_by(backend, GetParam());
    const reference::Image out = activated(activation, backend, in);
    if (has_error_bound(activation)) {
      expect_close(activation, backend, in, out);
    } else {
      expect_exact(activation, backend, in, out);
    }
  }
}

// All against the last in the list, which is portable C++.
TEST_P(ActivationAccuracy, IsTheSameOnEveryBackend) {
  const reference::Image all = input();
  const std::vector<Backend> list = supported_backends();
  for (std::size_t b = 0; b + 1 < list.size(); ++b) {
    const reference::Image in = image_seen_by(list[b], all);
    const Activation activation = activation_seen_by(list[b], GetParam());
    const reference::Image expected = activated(activation, list.back(), in);
    const reference::Image out = activated(activation, list[b], in);
    for (std::size_t i = 0; i < in.values.size(); ++i) {
      const bool same =
          std::isnan(expected.values[i]) ? std::isnan(out.values[i]) : expected.values[i] == out.values[i];
      ASSERT_TRUE(same || within_flush_margin(list[b], out.values[i], static_cast<long double>(expected.values[i])))
          << "of " << hex(in.values[i]) << ": " << list[b].name << " gives " << hex(out.values[i]) << ", "
          << list.back().name << " gives " << hex(expected.values[i]);
    }
  }
}

// What a formula tends to where it cannot be evaluated: infinity times zero, infinity over infinity.
TEST(ActivationLimits, AtInfinities) {
  struct Limit {
    Activation activation;
    float at_minus_infinity;
    float at_infinity;
  };
  const Limit limits[] = {
      {activation("elu", SIXFOLD_ELU, 1.5f), -1.5f, kInfinity},
      {activation("sigmoid", SIXFOLD_SIGMOID), 0.0f, 1.0f},
      {activation("tanh", SIXFOLD_TANH), -1.0f, 1.0f},
      {activation("softplus", SIXFOLD_SOFTPLUS), 0.0f, kInfinity},
      {activation("silu", SIXFOLD_SWISH), 0.0f, kInfinity},
      {activation("swish_tiny", SIXFOLD_SWISH, 1e-37f), 0.0f, kInfinity},
      {activation("swish_negative", SIXFOLD_SWISH, -0.5f), -kInfinity, 0.0f},
      {activation("swish_zero", SIXFOLD_SWISH, 0.0f), -kInfinity, kInfinity},
      {activation("mish", SIXFOLD_MISH), 0.0f, kInfinity},
      {activation("gelu_erf", SIXFOLD_GELU_ERF), 0.0f, kInfinity},
      {activation("gelu_tanh", SIXFOLD_GELU_TANH), 0.0f, kInfinity},
      {activation("hard_sigmoid", SIXFOLD_HARD_SIGMOID), 0.0f, 1.0f},
      {activation("hard_swish", SIXFOLD_HARD_SWISH), 0.0f, kInfinity},
  };
  const reference::Image in = image_of({-kInfinity, kInfinity}, 2);
  for (const Backend& backend : supported_backends()) {
    for (const Limit& limit : limits) {
      const reference::Image out = activated(limit.activation, backend, in);
      EXPECT_EQ(out.values[0], limit.at_minus_infinity) << backend.name << ", " << limit.activation;
      EXPECT_EQ(out.values[1], limit.at_infinity) << backend.name << ", " << limit.activation;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, ActivationAccuracy, testing::ValuesIn(kActivations),
                         [](const testing::TestParamInfo<Activation>& info) { return info.param.name; });

}  // namespace
}  // namespace sixfold::test
