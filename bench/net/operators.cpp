#include "operators.hpp"

#include <utility>

#include "recorder.hpp"

namespace sixfold::net {
namespace {

sixfold_options library_options(const NetworkOptions& options) {
  sixfold_options result = sixfold_options_default();
  if (!options.backend.empty()) result.backend = options.backend.c_str();
  return result;
}

sixfold_batch_norm descriptor(const Affine& affine, sixfold_batch_norm_position position) {
  sixfold_batch_norm result{};
  result.position = position;
  result.mean = affine.mean.data();
  result.variance = affine.variance.data();
  result.gamma = affine.gamma.data();
  result.beta = affine.beta.data();
  result.epsilon = affine.epsilon;
  return result;
}

// The library takes one batch norm. Where one stands before the activation and one after, the former is folded here.
template <class Layer>
void fold_before(Layer& layer, size_t outputs) {
  const Affine affine = *std::exchange(layer.epilogue.before, std::nullopt);
  const size_t each = layer.weights.size() / outputs;
  layer.bias.resize(outputs, 0.0f);
  for (size_t o = 0; o < outputs; ++o) {
    const double scale = affine.scale(o);
    for (size_t i = o * each; i < (o + 1) * each; ++i) {
      layer.weights[i] = static_cast<float>(static_cast<double>(layer.weights[i]) * scale);
    }
    const double centred = static_cast<double>(layer.bias[o]) - static_cast<double>(affine.mean[o]);
    layer.bias[o] = static_cast<float>(centred * scale + static_cast<double>(affine.beta[o]));
  }
}

template <class Layer>
Layer with_one_batch_norm(Layer layer, size_t outputs) {
  if (layer.epilogue.before && layer.epilogue.after) fold_before(layer, outputs);
  return layer;
}

template <class Desc, class Layer>
void set_epilogue_and_weights(Desc& desc, const Layer& layer, const NetworkOptions& options) {
  desc.type = options.type;
  desc.accumulation = options.type == SIXFOLD_FP16 ? options.accumulation : SIXFOLD_ACCUMULATE_FP32;
  desc.weights = layer.weights.data();
  desc.bias = layer.bias.empty() ? nullptr : layer.bias.data();
  const Epilogue& epilogue = layer.epilogue;
  if (epilogue.before) desc.batch_norm = descriptor(*epilogue.before, SIXFOLD_BATCH_NORM_BEFORE_ACTIVATION);
  if (epilogue.after) desc.batch_norm = descriptor(*epilogue.after, SIXFOLD_BATCH_NORM_AFTER_ACTIVATION);
  desc.activation = epilogue.activation.descriptor();
  desc.residual = epilogue.residual;
}

template <class Desc>
Operator create(sixfold_status (*function)(const Desc*, const sixfold_options*, sixfold_operator**, sixfold_error*),
                const Desc& desc, const NetworkOptions& options) {
  const sixfold_options library = library_options(options);
  sixfold_operator* op = nullptr;
  sixfold_error error{};
  require(function(&desc, &library, &op, &error), error);
  if (options.recorder) options.recorder->created(op, desc);
  return Operator(op);
}

// Calls use(descriptor) with a descriptor that points into a folded copy of the layer.
template <class Use>
auto with_descriptor(const Convolution& convolution, const NetworkOptions& options, Use use) {
  const Convolution folded = with_one_batch_norm(convolution, convolution.desc.output_channels);
  sixfold_conv_desc desc = folded.desc;
  set_epilogue_and_weights(desc, folded, options);
  return use(desc);
}

template <class Use>
auto with_descriptor(const FullyConnected& product, const NetworkOptions& options, Use use) {
  const FullyConnected folded = with_one_batch_norm(product, product.output_features);
  sixfold_fully_connected_desc desc = sixfold_fully_connected_desc_default();
  desc.input_features = folded.input_features;
  desc.output_features = folded.output_features;
  set_epilogue_and_weights(desc, folded, options);
  return use(desc);
}

NetworkOptions half_options(sixfold_accumulation accumulation) {
  NetworkOptions options;
  options.type = SIXFOLD_FP16;
  options.accumulation = accumulation;
  return options;
}

template <class Desc>
LayerRange proved(sixfold_status (*function)(const Desc*, sixfold_channel_range*, size_t, sixfold_range*,
                                             sixfold_error*),
                  Desc desc, size_t channels, const Intervals& input, const Intervals& residual) {
  desc.ranges = {input.data(), input.size(), residual.data(), residual.size()};
  LayerRange range;
  range.channels.resize(channels);
  sixfold_error error{};
  require(function(&desc, range.channels.data(), channels, &range.whole, &error), error);
  return range;
}

}  // namespace

void require(sixfold_status status, const sixfold_error& error) {
  if (status != SIXFOLD_OK) throw Error(std::string(sixfold_status_name(status)) + ": " + error.text);
}

Operator make_operator(const Convolution& convolution, const NetworkOptions& options) {
  return with_descriptor(convolution, options,
                         [&](const sixfold_conv_desc& desc) { return create(sixfold_conv_create, desc, options); });
}

Operator make_operator(const FullyConnected& product, const NetworkOptions& options) {
  return with_descriptor(product, options, [&](const sixfold_fully_connected_desc& desc) {
    return create(sixfold_fully_connected_create, desc, options);
  });
}

LayerRange range_of(const Convolution& convolution, const Intervals& input, const Intervals& residual,
                    sixfold_accumulation accumulation) {
  return with_descriptor(convolution, half_options(accumulation), [&](sixfold_conv_desc desc) {
    return proved(sixfold_conv_range, desc, desc.output_channels, input, residual);
  });
}

LayerRange range_of(const FullyConnected& product, const Intervals& input, const Intervals& residual,
                    sixfold_accumulation accumulation) {
  return with_descriptor(product, half_options(accumulation), [&](sixfold_fully_connected_desc desc) {
    return proved(sixfold_fully_connected_range, desc, desc.output_features, input, residual);
  });
}

Operator make_operator(const Pool& pool, const NetworkOptions& options) {
  sixfold_pool_desc desc = pool.desc;
  desc.type = options.type;
  return create(sixfold_pool_create, desc, options);
}

Operator make_operator(const Elementwise& elementwise, size_t channels, const NetworkOptions& options) {
  sixfold_elementwise_desc desc = sixfold_elementwise_desc_default();
  desc.type = options.type;
  desc.kind = elementwise.kind;
  desc.channels = channels;
  desc.activation = elementwise.activation.descriptor();
  return create(sixfold_elementwise_create, desc, options);
}

Operator make_conversion(sixfold_type from_type, sixfold_layout from_layout, sixfold_type to_type,
                         sixfold_layout to_layout, const NetworkOptions& options) {
  sixfold_convert_desc desc = sixfold_convert_desc_default();
  desc.input_type = from_type;
  desc.input_layout = from_layout;
  desc.output_type = to_type;
  desc.output_layout = to_layout;
  return create(sixfold_convert_create, desc, options);
}

}  // namespace sixfold::net
