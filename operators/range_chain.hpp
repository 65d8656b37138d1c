// The largest and smallest values that a chain of multiply-adds can take, when every input lies in an interval.
//
// Rounding and multiply-add preserve order, so a chain whose products all take their largest value has, after every step, the
// largest value that the arithmetic can give. Following that chain and its counterpart bounds the computed values exactly.
#pragma once

#include <cstddef>

#include "../include/sixfold/sixfold.h"

namespace sixfold::operators {

struct Ends {
  double low;
  double high;

  void contain(double value) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  void contain(const Ends& other) {
    contain(other.low);
    contain(other.high);
  }
  double magnitude() const { return -low > high ? -low : high; }
};

struct ChainBounds {
  Ends exact;    // partial sums in real numbers, rounded outwards
  Ends partial;  // partial sums as computed
  Ends sum;      // the finished sum with its bias, as computed
  double error;  // of the finished sum
};

// One step: weight * input lies between weight * at_low and weight * at_high.
struct ChainStep {
  double weight;
  double at_low;
  double at_high;
};

// Half the distance between neighbours of a number of this magnitude: what rounding to nearest loses at most. Beside 0 the
// neighbours are the smallest numbers there are: what became 0 by rounding may have been half of those.
double half_ulp_of_half(double magnitude);
double half_ulp_of_float(double magnitude);

// The nearest binary16 number, ties to even.
double round_to_half(double value);

// a * b + c, rounded once to binary16. a, b and c are halves.
double fma_to_half(double a, double b, double c);

// Follows one output channel's chain. Weights and bias are finite.
class Chain {
 public:
  Chain(sixfold_accumulation accumulation, float bias);

  void add(const ChainStep& step);
  ChainBounds finish();

 private:
  void add_in_single(const ChainStep& step);
  void add_in_half(const ChainStep& step);
  void add_exactly(const ChainStep& step);
  void end_block();

  sixfold_accumulation accumulation_;
  float bias_;
  Ends exact_now_;  // the accumulator in real numbers
  Ends now_;        // the accumulator, as computed
  double block_error_ = 0.0;
  std::size_t steps_ = 0;  // in this block
  Ends total_{0.0, 0.0};   // of the blocks
  double total_error_ = 0.0;
  Ends exact_hull_;
  Ends hull_;
};

}  // namespace sixfold::operators
