// The exponential in pieces, so that whoever uses it can put them together without losing bits.
#pragma once

#include <cstddef>

#include "two_float.hpp"

namespace sixfold {

// c[I] + c[I + 1] x + c[I + 2] x^2 + ... by Horner's rule.
template <class Isa, std::size_t I = 0, std::size_t N>
[[gnu::always_inline]] inline typename Isa::vf polynomial(typename Isa::vf x, const float (&c)[N]) {
  if constexpr (I + 1 == N) {
    return Isa::set1(c[I]);
  } else {
    return Isa::fma(polynomial<Isa, I + 1>(x, c), x, Isa::set1(c[I]));
  }
}

// 2^exponent * (1 + fraction), where |fraction| < 0.42: the fraction keeps the bits that the addition of 1 would round
// away.
template <class Isa>
struct Exponential {
  typename Isa::vf exponent;  // integral
  typename Isa::vf fraction;
};

// -log(2) in two parts, so that n * log(2) is known to more than 32 bits.
inline constexpr float minus_log_of_2_high = -0x1.62e43p-1f;
inline constexpr float minus_log_of_2_low = 0x1.05c61p-29f;

// x = n * log(2) + rest, but for the low part of log(2). The rest is exact: it is small, and no finer than x's last bit
// or 2^-25.
template <class Isa>
struct Reduced {
  typename Isa::vf n;
  typename Isa::vf rest;
};

template <class Isa>
inline Reduced<Isa> reduced(typename Isa::vf x) {
  // Adding 1.5 * 2^23 leaves no room for fraction bits.
  const auto rounder = Isa::set1(12582912.0f);
  const auto n = Isa::fma(x, Isa::set1(0x1.715476p+0f), rounder) - rounder;  // x / log(2)
  return {n, Isa::fma(n, Isa::set1(minus_log_of_2_high), x)};
}

// exp(r) - 1 for |r| <= log(2) / 2, within 2^-28 of exp(r) before the last rounding.
template <class Isa>
inline typename Isa::vf expm1_of_small(typename Isa::vf r) {
  constexpr float coefficients[] = {0x1p-1f, 0x1.555482p-3f, 0x1.555524p-5f, 0x1.124474p-7f, 0x1.6d0384p-10f};
  return Isa::fma(r * r, polynomial<Isa>(r, coefficients), r);
}

// exp(x + low) for |x| < 2^17 and |low| < 2^-10. NaN gives a NaN fraction.
template <class Isa>
inline Exponential<Isa> exponential(typename Isa::vf x, typename Isa::vf low) {
  const Reduced<Isa> r = reduced<Isa>(x);
  return {r.n, expm1_of_small<Isa>(r.rest + Isa::fma(r.n, Isa::set1(minus_log_of_2_low), low))};
}

// exp(x), likewise.
template <class Isa>
inline Exponential<Isa> exponential(typename Isa::vf x) {
  const Reduced<Isa> r = reduced<Isa>(x);
  return {r.n, expm1_of_small<Isa>(Isa::fma(r.n, Isa::set1(minus_log_of_2_low), r.rest))};
}

}  // namespace sixfold
