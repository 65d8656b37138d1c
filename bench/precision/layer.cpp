#include "layer.hpp"

#include <algorithm>
#include <limits>

#include "double_double.hpp"
#include "tensor.hpp"

namespace sixfold::bench {
namespace {

constexpr std::uint64_t seed = 16;
constexpr std::size_t pixels = 96;
constexpr std::size_t output_channels = 96;

double activated(sixfold_activation_kind kind, double x) {
  const double lowest = kind == SIXFOLD_IDENTITY ? -std::numeric_limits<double>::infinity() : 0.0;
  const double highest = kind == SIXFOLD_RELU6 ? 6.0 : std::numeric_limits<double>::infinity();
  return std::clamp(x, lowest, highest);
}

Operator make_operator(const PointwiseLayer& layer, const Mode& mode, const Elements& weights,
                       const std::string& backend) {
  sixfold_conv_desc desc = sixfold_conv_desc_default();
  desc.input_channels = layer.input_channels;
  desc.output_channels = output_channels;
  desc.weights_type = weights.type();
  desc.weights = weights.data();
  desc.activation = sixfold_activation_default(layer.activation);
  desc.type = mode.type;
  desc.accumulation = mode.accumulation;
  const sixfold_options options = options_for(backend);
  return Operator::make(
      [&](sixfold_operator** op, sixfold_error* error) { return sixfold_conv_create(&desc, &options, op, error); });
}

double dot_product(const Elements& input, std::size_t pixel, const Elements& weights, std::size_t channel,
                   std::size_t length) {
  DoubleDouble sum;
  for (std::size_t i = 0; i < length; ++i) {
    // The product of two halves is exact in double.
    sum.add(static_cast<double>(input.get(pixel * length + i)) *
            static_cast<double>(weights.get(channel * length + i)));
  }
  return sum.value();
}

}  // namespace

ErrorStatistics compare_with_double(const PointwiseLayer& layer, const Mode& mode, const std::string& backend) {
  Random random(seed);
  Tensor input(mode.type, {1, 1, pixels, layer.input_channels});
  Tensor output(mode.type, {1, 1, pixels, output_channels});
  Elements weights(SIXFOLD_FP16, output_channels * layer.input_channels);
  for (std::size_t i = 0; i < input.elements().count(); ++i) {  // halves for every mode, so that all see the same
    input.elements().set(i, from_half(to_half(random.uniform(layer.input_low, layer.input_high))));
  }
  random.fill(weights, layer.positive ? 0.0f : -layer.weight_bound, layer.weight_bound);

  Operator op = make_operator(layer, mode, weights, backend);
  op.prepare({input.view()});
  op.run({input.view()}, output.view());

  ErrorStatistics errors;
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
    for (std::size_t channel = 0; channel < output_channels; ++channel) {
      const double sum = dot_product(input.elements(), pixel, weights, channel, layer.input_channels);
      errors.add(output.elements().get(pixel * output_channels + channel), activated(layer.activation, sum));
    }
  }
  return errors;
}

}  // namespace sixfold::bench
