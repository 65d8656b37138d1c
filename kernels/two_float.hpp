// Values kept as the unevaluated sum of two floats, for the few places where 24 bits are not enough.
//
// Knuth's and Dekker's error-free sums and the product's error by fma, as described in the "Handbook of Floating-Point
// Arithmetic" (Muller et al., chapter 4). They rely on every operation rounding once: no contraction, no reassociation.
#pragma once

namespace sixfold {

template <class Isa>
struct TwoFloat {
  typename Isa::vf high;
  typename Isa::vf low;  // at most half an ulp of high, or nearly so
};

// a + b exactly, where a's exponent is not below b's.
template <class Isa>
inline TwoFloat<Isa> sum_of_ordered(typename Isa::vf a, typename Isa::vf b) {
  const auto sum = a + b;
  return {sum, b - (sum - a)};
}

// a + b exactly.
template <class Isa>
inline TwoFloat<Isa> sum_of(typename Isa::vf a, typename Isa::vf b) {
  const auto sum = a + b;
  const auto part_of_b = sum - a;
  return {sum, (a - (sum - part_of_b)) + (b - part_of_b)};
}

// a * b exactly, unless the error underflows.
template <class Isa>
inline TwoFloat<Isa> product_of(typename Isa::vf a, typename Isa::vf b) {
  const auto product = a * b;
  return {product, Isa::fma(a, b, Isa::zero() - product)};
}

template <class Isa>
inline TwoFloat<Isa> operator*(TwoFloat<Isa> a, TwoFloat<Isa> b) {
  TwoFloat<Isa> product = product_of<Isa>(a.high, b.high);
  product.low = product.low + Isa::fma(a.high, b.low, a.low * b.high);
  return product;
}

// a / b, with inverse = 1 / b.high rounded or nearly so.
template <class Isa>
inline TwoFloat<Isa> quotient_of(TwoFloat<Isa> a, TwoFloat<Isa> b, typename Isa::vf inverse) {
  const auto quotient = a.high * inverse;
  const auto minus_quotient = Isa::zero() - quotient;
  const auto remainder = Isa::fma(minus_quotient, b.high, a.high) + Isa::fma(minus_quotient, b.low, a.low);
  return {quotient, remainder * inverse};
}

}  // namespace sixfold
