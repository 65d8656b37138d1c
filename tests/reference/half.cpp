#include "half.hpp"

#include <cmath>

namespace sixfold::reference {

namespace {

constexpr int kFractionBits = 10;
constexpr int kSmallestExponent = -14;
constexpr int kBias = 15;
constexpr std::uint16_t kInfinity = 0x7c00;
constexpr std::uint16_t kNaN = 0x7e00;

double round_half_even(double value) {
  const double down = std::floor(value);
  const double rest = value - down;
  const bool odd = std::fmod(down, 2.0) != 0.0;
  return rest > 0.5 || (rest == 0.5 && odd) ? down + 1.0 : down;
}

}  // namespace

double half_to_double(std::uint16_t bits) {
  const int exponent = (bits >> kFractionBits) & 0x1f;
  const int fraction = bits & 0x3ff;
  double magnitude;
  if (exponent == 0x1f) {
    magnitude = fraction == 0 ? HUGE_VAL : std::nan("");
  } else if (exponent == 0) {
    magnitude = std::ldexp(fraction, kSmallestExponent - kFractionBits);
  } else {
    magnitude = std::ldexp(1024 + fraction, exponent - kBias - kFractionBits);
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

std::uint16_t half_from_double(double value) {
  const unsigned sign = std::signbit(value) ? 0x8000U : 0U;
  const double magnitude = std::fabs(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>(sign | kNaN);
  if (magnitude >= 65520.0) return static_cast<std::uint16_t>(sign | kInfinity);
  if (magnitude == 0.0) return static_cast<std::uint16_t>(sign);

  const int exponent = std::max(std::ilogb(magnitude), kSmallestExponent);
  const double quanta = round_half_even(std::ldexp(magnitude, kFractionBits - exponent));
  // 1024 quanta and more carry the implicit bit, which as a number is one step of the exponent field. Rounding up to 2048
  // carries into the next exponent by itself, and subnormals (exponent field 0) need no case of their own.
  const unsigned field = static_cast<unsigned>(exponent + kBias - 1) << kFractionBits;
  return static_cast<std::uint16_t>(sign | (field + static_cast<unsigned>(quanta)));
}

float round_to_half(double value) { return static_cast<float>(half_to_double(half_from_double(value))); }

}  // namespace sixfold::reference
