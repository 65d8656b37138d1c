// Convolutions with the intervals that their inputs lie in, for the tests of the range proof.
#pragma once

#include <limits>
#include <vector>

#include "support/conv_cases.hpp"

namespace sixfold::test {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct RangeCase {
  ConvCase conv;
  std::vector<sixfold_interval> input;
  std::vector<sixfold_interval> residual;

  // Points into this case.
  sixfold_conv_desc desc() const;
  // The descriptor points to weights of its own type: to be called where they are not fp32.
  void set_weights();

 private:
  std::vector<std::uint16_t> weights_;
};

struct Proof {
  std::vector<sixfold_channel_range> channels;
  sixfold_range whole = sixfold_range_default();
};

Proof prove(const sixfold_conv_desc& desc);
std::vector<float> witness(const sixfold_conv_desc& desc, std::size_t channel, sixfold_extreme extreme);

// Those that convolutions of every sort have kernels for.
std::vector<sixfold_accumulation> accumulations_of(sixfold_type type);

// For a whole tensor or a channel each, of one sign, of both, or anywhere.
std::vector<sixfold_interval> draw_intervals(Random& random, std::size_t channels, float magnitude);

// With any epilogue.
RangeCase draw_case(const ConvShape& shape, sixfold_type type, Random& random);

enum class Draw { inside, corners };

// Values of the stored type in the intervals: anywhere, or at the ends.
void fill(reference::Image& image, const std::vector<sixfold_interval>& intervals, Draw draw, Random& random);

// One window without padding, bare of an epilogue: its output is the sum itself.
RangeCase bare_window(Random& random, sixfold_type type, std::size_t inputs, bool with_bias);

float output_for(const RangeCase& test, std::size_t channel, const std::vector<float>& window,
                 const reference::ConvArrays& arrays);

// A pointwise fp16 convolution of one output. Points to its arguments.
sixfold_conv_desc pointwise(const std::vector<float>& weights, const sixfold_interval& input,
                            sixfold_accumulation accumulation);

}  // namespace sixfold::test
