#include "layer_parameters.hpp"

#include <cmath>

namespace sixfold::bench {
namespace {

constexpr float epsilon = 1e-3f;

std::size_t extent(std::int64_t value) { return static_cast<std::size_t>(value); }

// A rectifier takes away half of the mean square, which the weights before it make up for.
float gain_of(const Layer& layer) {
  return layer.activation == SIXFOLD_IDENTITY || layer.activation == SIXFOLD_HARD_SIGMOID ? 1.0f : 2.0f;
}

}  // namespace

LayerParameters::LayerParameters(const Layer& layer, Random& random) {
  const std::size_t channels = extent(layer.output_channels);
  const float fan_in = static_cast<float>(layer.weights()) / static_cast<float>(channels);
  const float bound = std::sqrt(3.0f * gain_of(layer) / fan_in);
  weights = random.values(extent(layer.weights()), -bound, bound);
  if (layer.kind == LayerKind::fully_connected) {
    bias = random.values(channels, -0.5f, 0.5f);
    return;
  }
  mean = random.values(channels, -0.5f, 0.5f);
  variance = random.values(channels, 0.5f, 1.5f);
  gamma = random.values(channels, 0.5f, 1.5f);
  beta = random.values(channels, -0.5f, 0.5f);
}

sixfold_batch_norm LayerParameters::batch_norm() const {
  if (mean.empty()) return {};
  return {SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION, mean.data(), variance.data(), gamma.data(), beta.data(), epsilon};
}

FoldedParameters folded(const Layer& layer, const LayerParameters& parameters) {
  if (parameters.mean.empty()) return {parameters.weights, parameters.bias};
  FoldedParameters result;
  const std::size_t channels = extent(layer.output_channels);
  const std::size_t each = parameters.weights.size() / channels;
  for (std::size_t o = 0; o < channels; ++o) {
    const double deviation = std::sqrt(static_cast<double>(parameters.variance[o]) + static_cast<double>(epsilon));
    const double scale = static_cast<double>(parameters.gamma[o]) / deviation;
    for (std::size_t i = o * each; i < (o + 1) * each; ++i) {
      result.weights.push_back(static_cast<float>(static_cast<double>(parameters.weights[i]) * scale));
    }
    const double shift = static_cast<double>(parameters.beta[o]) - static_cast<double>(parameters.mean[o]) * scale;
    result.bias.push_back(static_cast<float>(shift));
  }
  return result;
}

sixfold_conv_desc conv_desc(const Layer& layer, const LayerParameters& parameters, const Precision& precision) {
  sixfold_conv_desc desc = sixfold_conv_desc_default();
  desc.type = precision.type;
  desc.accumulation = precision.accumulation;
  desc.input_channels = extent(layer.input_channels);
  desc.output_channels = extent(layer.output_channels);
  desc.groups = layer.kind == LayerKind::depthwise ? desc.input_channels : 1;
  desc.kernel_height = desc.kernel_width = extent(layer.kernel);
  desc.stride_height = desc.stride_width = extent(layer.stride);
  desc.pad_top = desc.pad_left = extent(layer.padding_before());
  desc.pad_bottom = desc.pad_right = extent(layer.padding_after());
  desc.weights = parameters.weights.data();
  desc.batch_norm = parameters.batch_norm();
  desc.activation = sixfold_activation_default(layer.activation);
  desc.residual = layer.residual ? SIXFOLD_RESIDUAL_BEFORE_ACTIVATION : SIXFOLD_NO_RESIDUAL;
  return desc;
}

sixfold_fully_connected_desc fully_connected_desc(const Layer& layer, const LayerParameters& parameters,
                                                  const Precision& precision) {
  sixfold_fully_connected_desc desc = sixfold_fully_connected_desc_default();
  desc.type = precision.type;
  desc.accumulation = precision.accumulation;
  desc.input_features = extent(layer.input_channels);
  desc.output_features = extent(layer.output_channels);
  desc.weights = parameters.weights.data();
  desc.bias = parameters.bias.data();
  desc.activation = sixfold_activation_default(layer.activation);
  return desc;
}

Operator make_operator(const Layer& layer, const LayerParameters& parameters, const std::string& backend,
                       const Precision& precision, sixfold_input_scale input_scale) {
  const sixfold_options options = options_for(backend);
  if (layer.kind == LayerKind::fully_connected) {
    const sixfold_fully_connected_desc desc = fully_connected_desc(layer, parameters, precision);
    return Operator::make([&](sixfold_operator** op, sixfold_error* error) {
      return sixfold_fully_connected_create(&desc, &options, op, error);
    });
  }
  sixfold_conv_desc desc = conv_desc(layer, parameters, precision);
  desc.input_scale = input_scale;
  return Operator::make(
      [&](sixfold_operator** op, sixfold_error* error) { return sixfold_conv_create(&desc, &options, op, error); });
}

}  // namespace sixfold::bench
