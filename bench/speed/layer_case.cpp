#include <cmath>

#include "case.hpp"

namespace sixfold::bench {
namespace {

constexpr std::uint64_t seed = 6;

std::size_t extent(std::int64_t value) { return static_cast<std::size_t>(value); }

// Weights that keep the output about as large as the input, and a batch norm like those of trained networks.
struct Parameters {
  std::vector<float> weights;
  std::vector<float> mean, variance, gamma, beta;

  Parameters(const Layer& layer, Random& random) {
    const std::size_t channels = extent(layer.output_channels);
    const float fan_in = static_cast<float>(layer.weights()) / static_cast<float>(channels);
    const float bound = std::sqrt(3.0f / fan_in);
    weights = random.values(extent(layer.weights()), -bound, bound);
    mean = random.values(channels, -0.5f, 0.5f);
    variance = random.values(channels, 0.5f, 1.5f);
    gamma = random.values(channels, 0.5f, 1.5f);
    beta = random.values(channels, -0.5f, 0.5f);
  }

  sixfold_batch_norm batch_norm() const {
    return {SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION, mean.data(), variance.data(), gamma.data(), beta.data(), 1e-3f};
  }
};

Operator make_convolution(const Layer& layer, const Parameters& parameters, const std::string& backend,
                          sixfold_type type) {
  sixfold_conv_desc desc = sixfold_conv_desc_default();
  desc.type = type;
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
  const sixfold_options options = options_for(backend);
  return Operator::make(
      [&](sixfold_operator** op, sixfold_error* error) { return sixfold_conv_create(&desc, &options, op, error); });
}

Operator make_fully_connected(const Layer& layer, const Parameters& parameters, const std::string& backend,
                              sixfold_type type) {
  sixfold_fully_connected_desc desc = sixfold_fully_connected_desc_default();
  desc.type = type;
  desc.input_features = extent(layer.input_channels);
  desc.output_features = extent(layer.output_channels);
  desc.weights = parameters.weights.data();
  desc.bias = parameters.beta.data();
  desc.activation = sixfold_activation_default(layer.activation);
  const sixfold_options options = options_for(backend);
  return Operator::make([&](sixfold_operator** op, sixfold_error* error) {
    return sixfold_fully_connected_create(&desc, &options, op, error);
  });
}

Workload make_workload(const Layer& layer, const std::string& backend, sixfold_type type) {
  Random random(seed);
  const Parameters parameters(layer, random);
  Operator op = layer.kind == LayerKind::fully_connected ? make_fully_connected(layer, parameters, backend, type)
                                                         : make_convolution(layer, parameters, backend, type);
  std::vector<Tensor> inputs;
  const auto add_input = [&](int size, int channels) {
    inputs.emplace_back(type, Shape{1, extent(size), extent(size), extent(channels)});
    random.fill(inputs.back().elements(), -1.0f, 1.0f);
  };
  add_input(layer.size, layer.input_channels);
  if (layer.residual) add_input(layer.output_size(), layer.output_channels);
  return Workload(std::move(op), std::move(inputs));
}

}  // namespace

Case layer_case(const DistinctLayer& distinct, const std::string& backend, sixfold_type type) {
  const Layer& layer = distinct.layer;
  Case result;
  result.name = "layer/" + backend + "/" + name_of(type) + "/" + identifier_of(layer);
  result.backend = backend;
  result.type = type;
  result.uses = uses_of(distinct);
  result.title = title_of(layer);
  result.shape = shape_of(layer);
  result.operations = 2.0 * static_cast<double>(layer.multiply_adds());
  result.elements = static_cast<double>(layer.outputs());
  result.bytes = static_cast<double>(layer.elements_moved()) * static_cast<double>(size_of(type));
  result.layer = distinct;
  result.make = [layer, backend, type] { return make_workload(layer, backend, type); };
  return result;
}

}  // namespace sixfold::bench
