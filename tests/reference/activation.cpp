#include "activation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace sixfold::reference {

namespace {

constexpr int kFractionBits = 23;
constexpr int kSmallestExponent = -126;
constexpr int kPromisedUlps = 2;

float clamp(float x, float low, float high) {
  if (std::isnan(x)) return x;
  return std::min(std::max(x, low), high);
}

float next_up(float x) { return std::nextafter(x, std::numeric_limits<float>::infinity()); }
float next_down(float x) { return std::nextafter(x, -std::numeric_limits<float>::infinity()); }

// x / (1 + exp(-t)), where t grows with x: its limits are 0 and x.
long double gated(long double x, long double t) {
  if (std::isinf(x)) return t > 0 ? x : 0.0L;
  return x / (1.0L + std::exp(-t));
}

long double softplus(long double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

}  // namespace

Range within_ulps(long double value, int ulps) {
  if (std::isnan(value)) return exactly(std::numeric_limits<float>::quiet_NaN());
  if (std::isinf(value)) return exactly(static_cast<float>(value));
  const int exponent = value == 0 ? kSmallestExponent : std::max(std::ilogb(value), kSmallestExponent);
  const long double margin = std::ldexp(static_cast<long double>(ulps), exponent - kFractionBits);
  const long double low = value - margin;
  const long double high = value + margin;
  Range range{static_cast<float>(low), static_cast<float>(high)};
  // The conversions round to nearest; the range holds only floats inside the margin. Overflow keeps its infinity, since a
  // value this near to the largest float may round to it.
  if (static_cast<long double>(range.low) < low && !std::isinf(range.low)) range.low = next_up(range.low);
  if (static_cast<long double>(range.high) > high && !std::isinf(range.high)) range.high = next_down(range.high);
  return range;
}

long double true_activation(const sixfold_activation& activation, long double x) {
  const long double alpha = static_cast<long double>(activation.alpha);
  switch (activation.kind) {
    case SIXFOLD_ELU:
      return x < 0 ? alpha * std::expm1(x) : x;
    case SIXFOLD_SIGMOID:
      return 1.0L / (1.0L + std::exp(-x));
    case SIXFOLD_TANH:
      return std::tanh(x);
    case SIXFOLD_SOFTPLUS:
      return softplus(x);
    case SIXFOLD_SWISH:
      return alpha == 0 ? x / 2.0L : gated(x, alpha * x);
    case SIXFOLD_MISH:
      if (std::isinf(x)) return x > 0 ? x : 0.0L;
      return x * std::tanh(softplus(x));
    case SIXFOLD_GELU_ERF:
      if (std::isinf(x)) return x > 0 ? x : 0.0L;
      return x * std::erfc(-x / std::numbers::sqrt2_v<long double>) / 2.0L;
    case SIXFOLD_GELU_TANH: {
      // (1 + tanh(u)) / 2 is 1 / (1 + exp(-2 u)), which does not cancel for negative u.
      const long double scale = std::sqrt(2.0L / std::numbers::pi_v<long double>);
      return gated(x, 2.0L * scale * (x + 0.044715L * x * x * x));
    }
    case SIXFOLD_HARD_SWISH:
      if (std::isinf(x)) return x > 0 ? x : 0.0L;
      return x * std::min(std::max(x + 3.0L, 0.0L), 6.0L) / 6.0L;
    default:
      return std::numeric_limits<long double>::quiet_NaN();
  }
}

Range activate(const sixfold_activation& activation, float slope, float x) {
  if (std::isnan(x)) return exactly(x);
  const float infinity = std::numeric_limits<float>::infinity();
  switch (activation.kind) {
    case SIXFOLD_IDENTITY:
      return exactly(x);
    case SIXFOLD_RELU:
      return exactly(clamp(x, 0.0f, infinity));
    case SIXFOLD_RELU6:
      return exactly(clamp(x, 0.0f, 6.0f));
    case SIXFOLD_CLAMP:
      return exactly(clamp(x, activation.alpha, activation.beta));
    case SIXFOLD_LEAKY_RELU:
      return exactly(x < 0 ? activation.alpha * x : x);
    case SIXFOLD_PRELU:
      return exactly(x < 0 ? slope * x : x);
    case SIXFOLD_HARD_SIGMOID:
      return exactly(clamp(std::fma(activation.alpha, x, activation.beta), 0.0f, 1.0f));
    default:
      return within_ulps(true_activation(activation, static_cast<long double>(x)), kPromisedUlps);
  }
}

}  // namespace sixfold::reference
