// The activations with an exponential in them. Sigmoid and its kin are written as x / (1 + exp(-t)): the powers of two
// of the exponential are kept aside and come last, so that results keep their bits down to the smallest denormal.
//
// Figures of "at most n ulp" come from trying every float.
#pragma once

#include "exp.hpp"
#include "row.hpp"

namespace sixfold {

namespace smooth {

// Results of exp(x) below this are 0: exp(-105) < 2^-151.
inline constexpr float deepest = -105.0f;
inline constexpr float smallest_exponent = -126.0f;

// 2^n for -252 <= n <= 127, n integral; below -149 it is 0 or nearly so.
template <class Isa>
inline typename Isa::vf deep_pow2(typename Isa::vf n) {
  const auto first = Isa::at_least(n, Isa::set1(smallest_exponent));
  return Isa::pow2(first) * Isa::pow2(n - first);
}

// 1 / (1 + exp(t)) = scale * 2^deeper / denominator, where scale is 2^-126 or more, and the denominator between 0.7 and
// 2.5.
template <class Isa>
struct Logistic {
  typename Isa::vf scale;
  typename Isa::vf deeper;
  typename Isa::vf denominator;
};

// Of exp(t), t >= -87.
template <class Isa>
inline Logistic<Isa> logistic(Exponential<Isa> e) {
  const auto minus_exponent = Isa::zero() - e.exponent;
  const auto down =
      Isa::at_most(minus_exponent, Isa::zero());  // exp(t) = 2^-down * 2^(down + exponent) * (1 + fraction)
  const auto first = Isa::at_least(down, Isa::set1(smallest_exponent));
  const auto scale = Isa::pow2(first);
  const auto power = Isa::pow2(down - minus_exponent);
  // One of the two is 1. What their sum loses is not lost, for it would be much beside a denominator of 0.7.
  const auto sum = scale + power;
  const auto lost = scale * power - (sum - Isa::set1(1.0f));
  return {scale, down - first, sum + Isa::fma(power, e.fraction, lost)};
}

template <class Isa>
inline typename Isa::vf negative(typename Isa::vf x) {
  return Isa::zero() - x;
}

}  // namespace smooth

// 1 / (1 + exp(-x)). At most 1.70 ulp.
struct Sigmoid {
  template <class Isa>
  static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs&, std::size_t) {
    const auto t = smooth::negative<Isa>(Isa::clamp(x, Isa::set1(smooth::deepest), Isa::set1(87.0f)));
    const auto l = smooth::logistic<Isa>(exponential<Isa>(t));
    return Isa::div(Isa::set1(1.0f), l.denominator) * (l.scale * Isa::pow2(l.deeper));
  }
};

// x / (1 + exp(-alpha * x)). At most 1.80 ulp for alpha = 1; the denominator is within 1.4 * 2^-24 of itself for any.
struct Swish {
  template <class Isa>
  static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs& args, std::size_t) {
    return args.alpha == 1.0f ? silu<Isa>(x) : general<Isa>(x, args.alpha);
  }

 private:
  template <class Isa>
  static typename Isa::vf silu(typename Isa::vf x) {
    // Below -110 the result is 0: 110 * exp(-110) < 2^-150.
    const auto raised = Isa::at_least(x, Isa::set1(-110.0f));
    const auto t = smooth::negative<Isa>(Isa::at_most(raised, Isa::set1(87.0f)));
    const auto l = smooth::logistic<Isa>(exponential<Isa>(t));
    return Isa::div(raised * l.scale, l.denominator) * Isa::pow2(l.deeper);
  }

  template <class Isa>
  static typename Isa::vf general(typename Isa::vf x, float alpha) {
    constexpr float farthest = 200.0f;  // even the largest float times exp(-200) is 0
    if (alpha == 0.0f) return x * Isa::set1(0.5f);
    const auto minus_alpha = Isa::set1(-alpha);
    const auto product = x * minus_alpha;
    const auto distance = Isa::abs(product);
    const auto t = Isa::clamp(product, Isa::set1(-87.0f), Isa::set1(farthest));
    const auto inside = distance < Isa::set1(farthest);
    const auto low = Isa::select(inside, Isa::fma(x, minus_alpha, smooth::negative<Isa>(product)), Isa::zero());
    const auto l = smooth::logistic<Isa>(exponential<Isa>(t, low));
    const auto second = Isa::at_least(l.deeper, Isa::set1(smooth::smallest_exponent));
    const auto y = Isa::div(x * l.scale, l.denominator) * Isa::pow2(second) * Isa::pow2(l.deeper - second);
    return Isa::select(Isa::set1(farthest) < product, Isa::zero(), y);
  }
};

// x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2 = x / (1 + exp(-t)) with t = x * (linear + cubic * x^2).
// At most 1.85 ulp.
struct GeluTanh {
  template <class Isa>
  static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs&, std::size_t) {
    constexpr float linear_high = 0x1.988454p+0f;  // 2 sqrt(2 / pi)
    constexpr float linear_low = -0x1.857936p-25f;
    constexpr float cubic_high = 0x1.2444f2p-4f;  // 0.044715 * linear
    constexpr float cubic_low = 0x1.49b16ap-29f;
    const auto raised = Isa::at_least(x, Isa::set1(-11.0f));   // the result is 0 below
    const auto inner = Isa::at_most(raised, Isa::set1(9.0f));  // and x above
    const TwoFloat<Isa> square = product_of<Isa>(inner, inner);
    const TwoFloat<Isa> cubic = square * TwoFloat<Isa>{Isa::set1(cubic_high), Isa::set1(cubic_low)};
    TwoFloat<Isa> slope = sum_of<Isa>(Isa::set1(linear_high), cubic.high);
    slope.low = slope.low + (cubic.low + Isa::set1(linear_low));
    const TwoFloat<Isa> t = TwoFloat<Isa>{smooth::negative<Isa>(inner), Isa::zero()} * slope;
    const auto l = smooth::logistic<Isa>(exponential<Isa>(t.high, t.low));
    return Isa::div(raised * l.scale, l.denominator) * Isa::pow2(l.deeper);
  }
};

// x < 0 ? alpha * (exp(x) - 1) : x. At most 0.94 ulp for alpha = 1, and 1.90 for any: the low part is for those.
struct Elu {
  template <class Isa>
  static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs& args, std::size_t) {
    const auto e = exponential<Isa>(Isa::clamp(x, Isa::set1(-20.0f), Isa::zero()));
    const auto power = Isa::pow2(e.exponent);
    const auto power_less_one = power - Isa::set1(1.0f);
    const auto expm1 = Isa::fma(power, e.fraction, power_less_one);
    const auto expm1_low = Isa::fma(power, e.fraction, power_less_one - expm1);
    const auto alpha = Isa::set1(args.alpha);
    return Isa::select(x < Isa::zero(), Isa::fma(alpha, expm1, alpha * expm1_low), x);
  }
};

// An odd polynomial near 0, and 1 - 2 / (exp(2 |x|) + 1) elsewhere. At most 1.34 ulp.
struct Tanh {
  template <class Isa>
  static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs&, std::size_t) {
    // (tanh(x) / x - 1) / x^2 in powers of x^2, for |x| < 0.59; within 2^-28 of tanh(x) / x.
    constexpr float coefficients[] = {-0x1.555542p-2f, 0x1.110abp-3f, -0x1.b8be26p-5f, 0x1.55c7b6p-6f, -0x1.87a28ep-8f};
    const auto magnitude = Isa::at_most(Isa::abs(x), Isa::set1(10.0f));  // 1 from there on
    const auto square = magnitude * magnitude;
    const auto near = Isa::fma(x * square, polynomial<Isa>(square, coefficients), x);
    const auto e = exponential<Isa>(magnitude + magnitude);
    const auto power = Isa::pow2(e.exponent);
    const auto denominator = Isa::fma(power, e.fraction, power + Isa::set1(1.0f));
    const auto far = Isa::set1(1.0f) - Isa::div(Isa::set1(2.0f), denominator);
    const auto far_signed = Isa::select(x < Isa::zero(), smooth::negative<Isa>(far), far);
    return Isa::select(magnitude < Isa::set1(0.55f), near, far_signed);
  }
};

// log(1 + exp(x)) = max(x, 0) + log(1 + z), z = exp(-|x|). At most 1.86 ulp.
struct Softplus {
  template <class Isa>
  static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs&, std::size_t) {
    // (log(1 + z) - z) / z^2 for 0 <= z <= 1; within 2^-27 of log(1 + z) / z.
    constexpr float coefficients[] = {-0x1.ffffd8p-2f, 0x1.554e94p-2f,  -0x1.ff34fep-3f,
                                      0x1.93a79ap-3f,  -0x1.3b56e8p-3f, 0x1.b86ce2p-4f,
                                      -0x1.de3fe4p-5f, 0x1.514bc4p-6f,  -0x1.be174ep-9f};
    const auto t = Isa::at_least(smooth::negative<Isa>(Isa::abs(x)), Isa::set1(smooth::deepest));
    const auto e = exponential<Isa>(t);
    const auto first = Isa::at_least(e.exponent, Isa::set1(smooth::smallest_exponent));
    const auto power = Isa::pow2(first);
    const auto z = Isa::fma(power, e.fraction, power);
    const auto z_low = Isa::fma(power, e.fraction, power - z);
    const auto rest = Isa::fma(z * z, polynomial<Isa>(z, coefficients), z_low);  // of log(1 + z), after z
    const auto deeper = Isa::pow2(e.exponent - first);
    const TwoFloat<Isa> sum = sum_of<Isa>(Isa::at_least(x, Isa::zero()), z * deeper);
    // Far right, where exp(-x) is nothing beside x, the exact sum would make a NaN of infinity.
    return Isa::select(Isa::set1(20.0f) < x, x, sum.high + Isa::fma(rest, deeper, sum.low));
  }
};

// x * tanh(log(1 + exp(x))) = x * n / (n + 2) with n = exp(x) * (exp(x) + 2), everything divided by the square of
// exp(x)'s power of two if that is large. At most 1.10 ulp.
struct Mish {
  template <class Isa>
  static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs&, std::size_t) {
    const auto raised = Isa::at_least(x, Isa::set1(-110.0f));
    const auto e = exponential<Isa>(Isa::at_most(raised, Isa::set1(20.0f)));
    const auto down = Isa::at_most(e.exponent, Isa::zero());
    const auto first = Isa::at_least(down, Isa::set1(smooth::smallest_exponent));
    const auto power = Isa::pow2(first);  // exp(x) = 2^down * 2^(exponent - down) * (1 + fraction)
    const auto two = Isa::pow2(down - e.exponent + Isa::set1(1.0f));  // 2 on the same scale
    const TwoFloat<Isa> w = sum_of_ordered<Isa>(Isa::set1(1.0f), e.fraction);
    TwoFloat<Isa> sum = sum_of<Isa>(two, power * w.high);
    sum.low = Isa::fma(power, w.low, sum.low);
    const TwoFloat<Isa> numerator = w * sum;
    TwoFloat<Isa> denominator = sum_of<Isa>(two * two * Isa::set1(0.5f), power * numerator.high);
    denominator.low = Isa::fma(power, numerator.low, denominator.low);
    const auto ratio = quotient_of<Isa>(numerator, denominator, Isa::div(Isa::set1(1.0f), denominator.high));
    const auto y = Isa::fma(raised, ratio.high, raised * ratio.low) * power * Isa::pow2(down - first);
    return Isa::select(Isa::set1(20.0f) < x, x, y);
  }
};

// max(x, 0) - a * Q(a), where a = |x| and Q is the normal distribution's upper tail:
//     Q(a) = exp(-a^2 / 2) * H(t) / (a + k), with t = (a - k) / (a + k).
// H is nearly constant. Its form is that of Schonfelder, "Chebyshev Expansions for the Error and Related Functions"
// (1978). At most 1.87 ulp.
struct GeluErf {
  template <class Isa>
  static typename Isa::vf apply(typename Isa::vf x, const ActivationArgs&, std::size_t) {
    constexpr float k = 2.75f;
    // H for 0 <= a <= 14.5, within 2^-26.9.
    constexpr float first_coefficient = 0x1.701efp-1f;
    constexpr float coefficients[] = {-0x1.e5bd16p-2f,  0x1.756bbap-3f, -0x1.0f6bp-6f,    -0x1.0d6f2p-6f,
                                      0x1.a4de4cp-9f,   0x1.480b5ap-9f, -0x1.3f7842p-12f, -0x1.dc4584p-12f,
                                      -0x1.6d06e4p-16f, 0x1.5293acp-15f};
    const auto a = Isa::at_most(Isa::abs(x), Isa::set1(14.5f));  // a * Q(a) is 0 from there on

    const TwoFloat<Isa> square = product_of<Isa>(a, a);
    const auto minus_half = Isa::set1(-0.5f);
    const auto e = exponential<Isa>(minus_half * square.high, minus_half * square.low);

    // Both sums are exact, for k has few bits.
    const auto vk = Isa::set1(k);
    const TwoFloat<Isa> below = sum_of_ordered<Isa>(vk, a);
    TwoFloat<Isa> above = {a - vk, Isa::zero()};
    above.low = a - (above.high + vk);
    const auto inverse = Isa::div(Isa::set1(1.0f), below.high);
    const TwoFloat<Isa> t = quotient_of<Isa>(above, below, inverse);

    const auto rest = polynomial<Isa>(t.high, coefficients);
    const auto h = Isa::fma(t.high, rest, Isa::set1(first_coefficient));
    const auto slope =
        Isa::fma(t.high, Isa::set1(2.0f * coefficients[1]), Isa::set1(coefficients[0]));  // of H, roughly
    const auto h_low = Isa::fma(t.low, slope, Isa::fma(t.high, rest, Isa::set1(first_coefficient) - h));

    TwoFloat<Isa> tail;
    tail.high = Isa::fma(h, e.fraction, h);
    tail.low = Isa::fma(h, e.fraction, h - tail.high) + Isa::fma(h_low, e.fraction, h_low);
    const TwoFloat<Isa> product = quotient_of<Isa>(tail, below, inverse) * TwoFloat<Isa>{a, Isa::zero()};
    const auto scale = smooth::deep_pow2<Isa>(e.exponent);
    return (Isa::at_least(x, Isa::zero()) - product.high * scale) - product.low * scale;
  }
};

}  // namespace sixfold
