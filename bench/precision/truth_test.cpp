// The true values that experiments are held against, held against MPFR.
#include <gtest/gtest.h>
#include <mpfr.h>

#include <cmath>
#include <reference/activation.hpp>

#include "double_double.hpp"
#include "tensor.hpp"

namespace sixfold::bench {
namespace {

constexpr mpfr_prec_t precision = 256;
constexpr mpfr_rnd_t nearest = MPFR_RNDN;

class Real {
 public:
  explicit Real(long double value = 0.0L) {
    mpfr_init2(value_, precision);
    mpfr_set_ld(value_, value, nearest);
  }
  Real(const Real& other) {
    mpfr_init2(value_, precision);
    mpfr_set(value_, other.value_, nearest);
  }
  Real& operator=(const Real&) = delete;
  ~Real() { mpfr_clear(value_); }
  mpfr_ptr get() { return value_; }
  mpfr_srcptr get() const { return value_; }
  double number() const { return mpfr_get_d(value_, nearest); }

 private:
  mpfr_t value_;
};

template <class Operation, class... Operands>
Real apply(Operation operation, const Operands&... operands) {
  Real result;
  operation(result.get(), operands.get()..., nearest);
  return result;
}

Real operator+(const Real& a, const Real& b) { return apply(mpfr_add, a, b); }
Real operator-(const Real& a, const Real& b) { return apply(mpfr_sub, a, b); }
Real operator*(const Real& a, const Real& b) { return apply(mpfr_mul, a, b); }
Real operator/(const Real& a, const Real& b) { return apply(mpfr_div, a, b); }
Real exp(const Real& x) { return apply(mpfr_exp, x); }
Real tanh(const Real& x) { return apply(mpfr_tanh, x); }
Real sigmoid(const Real& x) { return Real(1) / (Real(1) + exp(Real(0) - x)); }
Real softplus(const Real& x) { return apply(mpfr_log1p, exp(x)); }

Real pi() {
  Real result;
  mpfr_const_pi(result.get(), nearest);
  return result;
}

Real by_mpfr(sixfold_activation_kind kind, const Real& x) {
  switch (kind) {
    case SIXFOLD_ELU:
      return mpfr_sgn(x.get()) < 0 ? apply(mpfr_expm1, x) : x;
    case SIXFOLD_SIGMOID:
      return sigmoid(x);
    case SIXFOLD_TANH:
      return tanh(x);
    case SIXFOLD_SOFTPLUS:
      return softplus(x);
    case SIXFOLD_SWISH:
      return x * sigmoid(x);
    case SIXFOLD_MISH:
      return x * tanh(softplus(x));
    case SIXFOLD_GELU_ERF:
      return x * apply(mpfr_erfc, (Real(0) - x) / apply(mpfr_sqrt, Real(2))) / Real(2);
    case SIXFOLD_GELU_TANH: {
      const Real inner = apply(mpfr_sqrt, Real(2) / pi()) * (x + Real(0.044715L) * x * x * x);
      return x * sigmoid(Real(2) * inner);
    }
    default:
      return x;
  }
}

// Both are compared as doubles: two roundings of 2^-53. A formula in long double adds less than another: a few roundings of 2^-64,
// which an exponential enlarges by its argument, at most 56 for results above the absolute bound.
TEST(Truth, ActivationsAgreeWithMpfr) {
  constexpr double tolerance = 3 * 0x1p-53;
  for (const sixfold_activation_kind kind : {SIXFOLD_ELU, SIXFOLD_SIGMOID, SIXFOLD_TANH, SIXFOLD_SOFTPLUS,
                                             SIXFOLD_SWISH, SIXFOLD_MISH, SIXFOLD_GELU_ERF, SIXFOLD_GELU_TANH}) {
    const sixfold_activation activation = sixfold_activation_default(kind);
    for (double magnitude = 1e-6; magnitude < 1e5; magnitude *= 1.37) {
      for (const double sign : {-1.0, 1.0}) {
        const auto x = static_cast<float>(sign * magnitude);
        const double truth = by_mpfr(kind, Real(x)).number();
        const auto value = static_cast<double>(reference::true_activation(activation, static_cast<long double>(x)));
        // Far below the smallest half, 2^-24, either counts as zero.
        EXPECT_NEAR(value, truth, tolerance * std::fabs(truth) + 0x1p-80) << kind << " at " << static_cast<double>(x);
      }
    }
  }
}

TEST(Truth, SumsAgreeWithMpfr) {
  Random random(3);
  for (const int length : {9, 100, 4096}) {
    DoubleDouble sum;
    Real exact;
    for (int i = 0; i < length; ++i) {
      const double product =
          static_cast<double>(random.uniform(-6.0f, 6.0f)) * static_cast<double>(random.uniform(-1.0f, 1.0f));
      sum.add(product);
      mpfr_add_d(exact.get(), exact.get(), product, nearest);
    }
    EXPECT_EQ(sum.value(), exact.number()) << length;
  }
}

TEST(Truth, SumsKeepWhatCancels) {
  DoubleDouble sum;
  for (const double x : {1e16, 1.0, -1e16, 0x1p-60}) sum.add(x);
  EXPECT_EQ(sum.value(), 1.0);
  sum.add(-1.0);
  EXPECT_EQ(sum.value(), 0x1p-60);
}

}  // namespace
}  // namespace sixfold::bench
