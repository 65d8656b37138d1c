#include "half.hpp"

#include <algorithm>
#include <bit>
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

bool is_finite(std::uint16_t bits) { return (bits & kInfinity) != kInfinity; }

// A finite half is significand * 2^exponent quanta of 2^-24.
struct Parts {
  std::int64_t significand;
  int exponent;  // 0 to 29
};

Parts parts_of(std::uint16_t bits) {
  const int field = (bits >> kFractionBits) & 0x1f;
  const std::int64_t magnitude = (field == 0 ? 0 : 1024) + (bits & 0x3ff);
  return {(bits & 0x8000) != 0 ? -magnitude : magnitude, field == 0 ? 0 : field - 1};
}

// whole + rest * 2^-24 quanta of 2^-24.
struct Exact {
  std::int64_t whole;
  std::int64_t rest;  // 0 to 2^24 - 1
};

constexpr std::int64_t kRests = std::int64_t{1} << 24;

// The product has 22 bits, and 2^-48 as its smallest unit.
Exact product_of(Parts a, Parts b) {
  const std::int64_t significand = a.significand * b.significand;
  const int shift = a.exponent + b.exponent - 24;
  if (shift >= 0) return {significand * (std::int64_t{1} << shift), 0};
  const std::int64_t unit = std::int64_t{1} << -shift;
  const std::int64_t rest = ((significand % unit) + unit) % unit;
  return {(significand - rest) / unit, rest * (kRests / unit)};
}

// The nearest half to a value that is not negative, ties to even.
std::uint16_t rounded(Exact value) {
  const int shift = std::max(static_cast<int>(std::bit_width(static_cast<std::uint64_t>(value.whole))) - 11, 0);
  const std::int64_t unit = std::int64_t{1} << shift;
  std::int64_t kept = value.whole / unit;
  // Twice what is left of the unit, less the unit, and whether there is any more.
  const std::int64_t beyond_half = shift == 0 ? 2 * value.rest - kRests : 2 * (value.whole % unit) - unit;
  const bool more = shift != 0 && value.rest != 0;
  if (beyond_half > 0 || (beyond_half == 0 && (more || kept % 2 != 0))) ++kept;
  // 1024 and more hold the implicit bit, which is one step of the exponent field; 2048 is two.
  const std::int64_t bits = (static_cast<std::int64_t>(shift) << kFractionBits) + kept;
  return static_cast<std::uint16_t>(std::min<std::int64_t>(bits, kInfinity));
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

std::uint16_t half_fma(std::uint16_t a, std::uint16_t b, std::uint16_t c) {
  if (!is_finite(a) || !is_finite(b) || !is_finite(c)) {
    return half_from_double(half_to_double(a) * half_to_double(b) + half_to_double(c));
  }
  const Parts addend = parts_of(c);
  Exact sum = product_of(parts_of(a), parts_of(b));
  sum.whole += addend.significand * (std::int64_t{1} << addend.exponent);
  if (sum.whole >= 0) return rounded(sum);
  sum = sum.rest == 0 ? Exact{-sum.whole, 0} : Exact{-sum.whole - 1, kRests - sum.rest};
  return static_cast<std::uint16_t>(0x8000 | rounded(sum));
}

float round_to_half(double value) { return static_cast<float>(half_to_double(half_from_double(value))); }

}  // namespace sixfold::reference
