#include "range_cases.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>

#include "reference/half.hpp"

namespace sixfold::test {
namespace {

const float* pointer(const std::vector<float>& values) { return values.empty() ? nullptr : values.data(); }

sixfold_interval draw_interval(Random& random, float magnitude) {
  switch (random.below(3)) {
    case 0:
      return {0.0f, magnitude};
    case 1:
      return {-magnitude, magnitude};
    default: {
      const float a = random.uniform(-magnitude, magnitude), b = random.uniform(-magnitude, magnitude);
      return {std::min(a, b), std::max(a, b) + magnitude / 512};  // wide enough to hold a half
    }
  }
}

// A value of the stored type in the interval: anywhere, or at an end.
float draw_value(const sixfold_interval& interval, sixfold_type type, Draw draw, Random& random) {
  float value = draw == Draw::inside ? random.uniform(interval.low, interval.high)
                : random.one_in(2)   ? interval.low
                                     : interval.high;
  value = reference::stored(type, value);
  if (value >= interval.low && value <= interval.high) return value;
  const float step = std::ldexp(1.0f, std::max(std::ilogb(value), -14) - 10);
  const float inner = reference::stored(type, value < interval.low ? value + step : value - step);
  return inner >= interval.low && inner <= interval.high ? inner : value;
}

}  // namespace

sixfold_conv_desc RangeCase::desc() const {
  sixfold_conv_desc d = conv.desc;
  d.weights = weights_.empty() ? static_cast<const void*>(conv.arrays.weights.data()) : weights_.data();
  d.bias = pointer(conv.arrays.bias);
  d.batch_norm.mean = pointer(conv.arrays.mean);
  d.batch_norm.variance = pointer(conv.arrays.variance);
  d.batch_norm.gamma = pointer(conv.arrays.gamma);
  d.batch_norm.beta = pointer(conv.arrays.beta);
  d.activation.slopes = pointer(conv.arrays.slopes);
  d.ranges = {input.data(), input.size(), residual.data(), residual.size()};
  return d;
}

void RangeCase::set_weights() {
  weights_.clear();
  if (conv.desc.weights_type != SIXFOLD_FP16) return;
  for (const float weight : conv.arrays.weights) {
    weights_.push_back(reference::half_from_double(static_cast<double>(weight)));
  }
}

Proof prove(const sixfold_conv_desc& desc) {
  Proof proof;
  proof.channels.resize(desc.output_channels);
  sixfold_error error;
  const sixfold_status status =
      sixfold_conv_range(&desc, proof.channels.data(), proof.channels.size(), &proof.whole, &error);
  EXPECT_EQ(status, SIXFOLD_OK) << error.text;
  return proof;
}

std::vector<float> witness(const sixfold_conv_desc& desc, std::size_t channel, sixfold_extreme extreme) {
  std::vector<float> values(desc.kernel_height * desc.kernel_width * (desc.input_channels / desc.groups));
  sixfold_error error;
  EXPECT_EQ(sixfold_conv_witness(&desc, channel, extreme, values.data(), values.size(), &error), SIXFOLD_OK)
      << error.text;
  return values;
}

std::vector<sixfold_accumulation> accumulations_of(sixfold_type type) {
  std::map<std::string, std::set<sixfold_accumulation>> found;
  for (std::size_t i = 0; i < sixfold_kernel_count(); ++i) {
    sixfold_kernel_info info{};
    info.struct_size = sizeof info;
    EXPECT_EQ(sixfold_kernel_get(i, &info, nullptr), SIXFOLD_OK);
    if (info.type == type) found[info.op].insert(info.accumulation);
  }
  const std::set<sixfold_accumulation>&gemm = found["gemm"], &depthwise = found["depthwise"];
  std::vector<sixfold_accumulation> both;
  std::set_intersection(gemm.begin(), gemm.end(), depthwise.begin(), depthwise.end(), std::back_inserter(both));
  return both;
}

std::vector<sixfold_interval> draw_intervals(Random& random, std::size_t channels, float magnitude) {
  std::vector<sixfold_interval> intervals(random.one_in(2) ? 1 : channels);
  for (sixfold_interval& interval : intervals) interval = draw_interval(random, magnitude);
  return intervals;
}

RangeCase draw_case(const ConvShape& shape, sixfold_type type, Random& random) {
  RangeCase test;
  test.conv = make_case(shape, type, EpilogueKind::any, random);
  test.input = draw_intervals(random, shape.input_channels, random.pick({1.0f, 6.0f, 200.0f, 20000.0f}));
  test.residual = draw_intervals(random, shape.output_channels, 6.0f);
  test.set_weights();
  return test;
}

void fill(reference::Image& image, const std::vector<sixfold_interval>& intervals, Draw draw, Random& random) {
  for (std::size_t i = 0; i < image.values.size(); ++i) {
    const sixfold_interval& interval = intervals[intervals.size() == 1 ? 0 : i % image.channels];
    image.values[i] = draw_value(interval, image.type, draw, random);
  }
}

RangeCase bare_window(Random& random, sixfold_type type, std::size_t inputs, bool with_bias) {
  RangeCase test;
  sixfold_conv_desc& desc = test.conv.desc;
  desc.type = type;
  desc.input_channels = inputs;
  desc.output_channels = random.between(1, 5);
  desc.kernel_height = random.between(1, 3);
  desc.kernel_width = random.between(1, 3);
  const std::size_t window = desc.kernel_height * desc.kernel_width * inputs;
  const float bound = random.pick({0.01f, 1.0f, 30.0f});
  for (float weight : random.uniform(desc.output_channels * window, -bound, bound)) {
    test.conv.arrays.weights.push_back(reference::stored(type, weight));
  }
  if (with_bias) test.conv.arrays.bias = random.uniform(desc.output_channels, -3.0f, 3.0f);
  test.conv.input = reference::Image(type, 1, desc.kernel_height, desc.kernel_width, inputs);
  test.input = draw_intervals(random, inputs, 6.0f);
  return test;
}

float output_for(const RangeCase& test, std::size_t channel, const std::vector<float>& window,
                 const reference::ConvArrays& arrays) {
  reference::Image input = test.conv.input;
  input.values = window;
  const Created created = create(test.conv.desc, arrays, sixfold_options_default());
  EXPECT_EQ(created.status, SIXFOLD_OK) << created.text;
  return run(created.op.get(), {&input}, {}).values[channel];
}

sixfold_conv_desc pointwise(const std::vector<float>& weights, const sixfold_interval& input,
                            sixfold_accumulation accumulation) {
  sixfold_conv_desc desc = sixfold_conv_desc_default();
  desc.type = SIXFOLD_FP16;
  desc.input_channels = weights.size();
  desc.output_channels = 1;
  desc.weights = weights.data();
  desc.accumulation = accumulation;
  desc.ranges.input = &input;
  desc.ranges.input_count = 1;
  return desc;
}

}  // namespace sixfold::test
