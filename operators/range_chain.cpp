#include "range_chain.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

namespace sixfold::operators {
namespace {

constexpr double infinity = __builtin_inf();
constexpr std::size_t block_steps = 32;

// Two-sum: what a + b lost when it was rounded to `sum`. Its sign is right in every rounding mode.
double lost(double a, double b, double sum) {
  const double b_part = sum - a;
  return (a - (sum - b_part)) + (b - b_part);
}

double add_down(double a, double b) {
  const double sum = a + b;
  return lost(a, b, sum) < 0.0 ? std::nextafter(sum, -infinity) : sum;
}

double add_up(double a, double b) {
  const double sum = a + b;
  return lost(a, b, sum) > 0.0 ? std::nextafter(sum, infinity) : sum;
}

// 2^exponent of a normal double; less than 2^-1000 for anything smaller.
double power_below(double magnitude) {
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(magnitude) & 0x7ff0000000000000u);
}

double half_ulp(double magnitude, double epsilon, double smallest) {
  if (!(magnitude < infinity)) return infinity;
  const double unit = power_below(magnitude) * epsilon;
  return unit > smallest ? unit : smallest;
}

Ends add_in_float(const Ends& a, const Ends& b) {
  return {static_cast<double>(static_cast<float>(a.low) + static_cast<float>(b.low)),
          static_cast<double>(static_cast<float>(a.high) + static_cast<float>(b.high))};
}

bool finite(const Ends& ends) { return ends.magnitude() < infinity; }

}  // namespace

double half_ulp_of_half(double magnitude) { return half_ulp(magnitude, 0x1p-11, 0x1p-25); }
double half_ulp_of_float(double magnitude) { return half_ulp(magnitude, 0x1p-24, 0x1p-150); }

double round_to_half(double value) {
  const double magnitude = std::fabs(value);
  if (magnitude >= 65520.0) return std::copysign(infinity, value);
  if (!(magnitude >= 0x1p-14)) {  // multiples of 2^-24; also a NaN
    constexpr double magic = 0x1.8p28;
    return std::copysign((magnitude + magic) - magic, value);
  }
  // Of the 52 fraction bits 10 remain; a carry out of them is the next exponent, which is right.
  std::uint64_t bits = std::bit_cast<std::uint64_t>(value);
  constexpr int dropped = 42;
  bits += (std::uint64_t{1} << (dropped - 1)) - 1 + ((bits >> dropped) & 1);
  return std::bit_cast<double>(bits >> dropped << dropped);
}

double fma_to_half(double a, double b, double c) {
  // The product of two halves is exact. So is the sum, unless the product is so small beside c that c is the nearest half to it
  // either way, or the sum is far beyond all halves.
  return round_to_half(a * b + c);
}

Chain::Chain(sixfold_accumulation accumulation, float bias) : accumulation_(accumulation), bias_(bias) {
  const double start = accumulation == SIXFOLD_ACCUMULATE_FP32 ? static_cast<double>(bias) : 0.0;
  exact_now_ = now_ = exact_hull_ = hull_ = {start, start};
}

void Chain::add_exactly(const ChainStep& step) {
  exact_now_ = {add_down(exact_now_.low, step.weight * step.at_low),
                add_up(exact_now_.high, step.weight * step.at_high)};
  exact_hull_.contain(exact_now_);
}

void Chain::add_in_single(const ChainStep& step) {
  const float weight = static_cast<float>(step.weight);
  now_.low = static_cast<double>(std::fma(weight, static_cast<float>(step.at_low), static_cast<float>(now_.low)));
  now_.high = static_cast<double>(std::fma(weight, static_cast<float>(step.at_high), static_cast<float>(now_.high)));
  block_error_ += half_ulp_of_float(now_.magnitude());
}

void Chain::add_in_half(const ChainStep& step) {
  now_.low = fma_to_half(step.weight, step.at_low, now_.low);
  now_.high = fma_to_half(step.weight, step.at_high, now_.high);
  block_error_ += half_ulp_of_half(now_.magnitude());
}

void Chain::add(const ChainStep& step) {
  if (accumulation_ == SIXFOLD_ACCUMULATE_FP16_BLOCKED && steps_ == block_steps) end_block();
  ++steps_;
  if (step.weight * step.at_low == 0.0 && step.weight * step.at_high == 0.0) return;  // changes nothing
  add_exactly(step);
  accumulation_ == SIXFOLD_ACCUMULATE_FP32 ? add_in_single(step) : add_in_half(step);
  hull_.contain(now_);
}

void Chain::end_block() {
  const bool first = total_.magnitude() == 0.0;  // added to 0, which rounds nothing
  total_ = add_in_float(total_, now_);
  total_error_ += block_error_ + (first ? 0.0 : half_ulp_of_float(total_.magnitude()));
  exact_now_ = now_ = {0.0, 0.0};
  block_error_ = 0.0;
  steps_ = 0;
}

ChainBounds Chain::finish() {
  ChainBounds bounds{exact_hull_, hull_, now_, block_error_};
  if (accumulation_ == SIXFOLD_ACCUMULATE_FP16_BLOCKED) {
    end_block();
    bounds.sum = total_;
    bounds.error = total_error_;
  }
  if (accumulation_ != SIXFOLD_ACCUMULATE_FP32 && bias_ != 0.0f) {
    const double bias = static_cast<double>(bias_);
    bounds.sum = add_in_float(bounds.sum, {bias, bias});
    bounds.error += half_ulp_of_float(bounds.sum.magnitude());
  }
  // An infinity of one block may meet the opposite one of another, and make a NaN. (The error is infinite already.)
  if (!finite(hull_) && accumulation_ == SIXFOLD_ACCUMULATE_FP16_BLOCKED) bounds.sum = {-infinity, infinity};
  return bounds;
}

}  // namespace sixfold::operators
