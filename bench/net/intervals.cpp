#include "intervals.hpp"

#include <fp16.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace sixfold::net {
namespace {

float to_half(float value) { return fp16_ieee_to_fp32_value(fp16_ieee_from_fp32_value(value)); }

bool is_finite(const sixfold_interval& interval) { return std::isfinite(interval.low) && std::isfinite(interval.high); }

sixfold_interval hull(const sixfold_interval& a, const sixfold_interval& b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

Intervals one_for_all(const Intervals& intervals) {
  if (intervals.empty()) return {};
  sixfold_interval all = intervals[0];
  for (const sixfold_interval& interval : intervals) all = hull(all, interval);
  return {all};
}

// As many as the library wants: one, or one a channel.
Intervals fitted(const Intervals& intervals, size_t channels) {
  return intervals.size() == channels ? intervals : one_for_all(intervals);
}

Intervals outputs_of(const LayerRange& range) {
  Intervals result;
  for (const sixfold_channel_range& channel : range.channels) result.push_back(channel.output);
  return std::all_of(result.begin(), result.end(), is_finite) ? result : Intervals{};
}

// activation(x + residual) of one value, which is a convolution by a weight of 1.
Intervals activated(const Activation& activation, const Intervals& x, const Intervals& residual) {
  if (!activation.slopes.empty()) return {};  // a slope a channel: not worth the trouble here
  Convolution one;
  one.desc.input_channels = one.desc.output_channels = 1;
  one.weights = {1.0f};
  one.epilogue.activation = activation;
  if (!residual.empty()) one.epilogue.residual = SIXFOLD_RESIDUAL_BEFORE_ACTIVATION;
  return outputs_of(range_of(one, one_for_all(x), one_for_all(residual), SIXFOLD_ACCUMULATE_FP32));
}

class Propagation {
 public:
  Propagation(const LayerGraph& graph, std::map<std::string, Intervals> known,
              const std::vector<sixfold_accumulation>& accumulations)
      : graph_(graph), known_(std::move(known)), accumulations_(accumulations) {}

  std::map<std::string, Intervals> operator()() {
    for (const Layer& layer : graph_.layers) {
      const auto known = [&](const std::string& input) { return !known_[input].empty(); };
      const bool all = std::all_of(layer.inputs.begin(), layer.inputs.end(), known);
      const Softmax* softmax = std::get_if<Softmax>(&layer.operation);
      known_[layer.output] =
          softmax ? Intervals{{0.0f, 1.0f}}
          : all   ? std::visit([&](const auto& operation) { return after(layer, operation); }, layer.operation)
                  : Intervals{};
    }
    return known_;
  }

 private:
  const Intervals& input(const Layer& layer, size_t index) { return known_[layer.inputs.at(index)]; }

  template <class Product>
  Intervals after_product(const Layer& layer, const Product& product, size_t inputs, size_t outputs) {
    const bool adds = product.epilogue.residual != SIXFOLD_NO_RESIDUAL;
    const Intervals residual = adds ? fitted(input(layer, 1), outputs) : Intervals{};
    const Intervals first =
        first_input_of(product, layer.inputs.size(), [&](size_t i) -> const Intervals& { return input(layer, i); });
    if (first.empty()) return {};
    Intervals all;
    for (const sixfold_accumulation accumulation : accumulations_) {
      const Intervals one = outputs_of(range_of(product, fitted(first, inputs), residual, accumulation));
      if (all.empty()) all = one;
      for (size_t c = 0; c < one.size(); ++c) all[c] = hull(all[c], one[c]);
    }
    return all;
  }

  Intervals after(const Layer& layer, const Convolution& convolution) {
    return after_product(layer, convolution, convolution.desc.input_channels, convolution.desc.output_channels);
  }
  Intervals after(const Layer& layer, const FullyConnected& product) {
    return after_product(layer, product, product.input_features, product.output_features);
  }
  Intervals after(const Layer& layer, const Elementwise& elementwise) {
    switch (elementwise.kind) {
      case SIXFOLD_ACTIVATE:
        return activated(elementwise.activation, input(layer, 0), {});
      case SIXFOLD_ADD:
        return activated(elementwise.activation, input(layer, 0), input(layer, 1));
      default: {
        const Intervals both = product_of(input(layer, 0), input(layer, 1));
        return both.empty() ? both : activated(elementwise.activation, both, {});
      }
    }
  }
  // A maximum or an average lies among its elements, or among them and the zeros around.
  Intervals after(const Layer& layer, const Pool& pool) {
    Intervals result = input(layer, 0);
    if (pool.desc.count_include_pad != 0) {
      for (sixfold_interval& interval : result) interval = hull(interval, {0.0f, 0.0f});
    }
    return result;
  }
  // What moves data.
  template <class Operation>
  Intervals after(const Layer& layer, const Operation&) {
    Intervals all = one_for_all(input(layer, 0));
    for (size_t i = 1; i < layer.inputs.size(); ++i) all = {hull(all[0], one_for_all(input(layer, i))[0])};
    return all;
  }

  const LayerGraph& graph_;
  std::map<std::string, Intervals> known_;
  const std::vector<sixfold_accumulation>& accumulations_;
};

}  // namespace

Intervals product_of(const Intervals& a, const Intervals& b) {
  if (a.empty() || b.empty()) return {};
  const sixfold_interval x = one_for_all(a)[0], y = one_for_all(b)[0];
  const float ends[] = {to_half(x.low * y.low), to_half(x.low * y.high), to_half(x.high * y.low),
                        to_half(x.high * y.high)};
  const sixfold_interval result{*std::min_element(ends, ends + 4), *std::max_element(ends, ends + 4)};
  return is_finite(result) ? Intervals{result} : Intervals{};
}

std::map<std::string, Intervals> intervals_of(const LayerGraph& graph, const std::map<std::string, Intervals>& inputs,
                                              const std::vector<sixfold_accumulation>& accumulations) {
  return Propagation(graph, inputs, accumulations)();
}

Intervals observed(const std::vector<float>& values, const Dims& dims) {
  const Image image = image_of(dims);
  const size_t pixels = image.height * image.width;
  constexpr float infinity = std::numeric_limits<float>::infinity();
  Intervals result(image.channels, {infinity, -infinity});
  for (size_t i = 0; i < values.size(); ++i) {
    const float value = to_half(values[i]);
    if (!std::isfinite(value)) return {};
    sixfold_interval& interval = result[i / pixels % image.channels];
    interval = hull(interval, {value, value});
  }
  return result;
}

Intervals common(const Intervals& intervals, const Intervals& other) {
  if (other.size() != intervals.size() && other.size() != 1) return intervals;
  Intervals result = intervals;
  for (size_t c = 0; c < result.size(); ++c) {
    const sixfold_interval& bound = other[other.size() == 1 ? 0 : c];
    const sixfold_interval both{std::max(result[c].low, bound.low), std::min(result[c].high, bound.high)};
    if (both.low <= both.high) result[c] = both;
  }
  return result;
}

Intervals widened(const Intervals& intervals, float fraction) {
  Intervals result = intervals;
  for (sixfold_interval& interval : result) {
    const float margin = fraction * (interval.high - interval.low);
    const float low = interval.low - margin, high = interval.high + margin;
    interval = {interval.low >= 0.0f ? std::max(low, 0.0f) : low, interval.high <= 0.0f ? std::min(high, 0.0f) : high};
    interval.low = std::max(interval.low, -65504.0f);
    interval.high = std::min(interval.high, 65504.0f);
  }
  return result;
}

}  // namespace sixfold::net
