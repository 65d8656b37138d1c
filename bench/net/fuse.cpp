#include "fuse.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace sixfold::net {
namespace {

bool take_scale(Epilogue& epilogue, const Affine& affine) {
  if (epilogue.residual == SIXFOLD_RESIDUAL_AFTER_ACTIVATION) return false;
  const bool sum_is_bare = epilogue.activation.kind == SIXFOLD_IDENTITY && epilogue.residual == SIXFOLD_NO_RESIDUAL;
  std::optional<Affine>& place = sum_is_bare && !epilogue.after ? epilogue.before : epilogue.after;
  place = place ? composed(*place, affine) : affine;
  return true;
}

bool take_activation(Epilogue& epilogue, const Activation& activation) {
  if (epilogue.activation.kind != SIXFOLD_IDENTITY || epilogue.after) return false;
  if (epilogue.residual == SIXFOLD_RESIDUAL_AFTER_ACTIVATION) return false;
  epilogue.activation = activation;
  return true;
}

bool take_residual(Epilogue& epilogue) {
  if (epilogue.residual != SIXFOLD_NO_RESIDUAL) return false;
  const bool activated = epilogue.activation.kind != SIXFOLD_IDENTITY || epilogue.after;
  epilogue.residual = activated ? SIXFOLD_RESIDUAL_AFTER_ACTIVATION : SIXFOLD_RESIDUAL_BEFORE_ACTIVATION;
  return true;
}

Epilogue* epilogue_of(Operation& operation) {
  if (auto* convolution = std::get_if<Convolution>(&operation)) return &convolution->epilogue;
  if (auto* product = std::get_if<FullyConnected>(&operation)) return &product->epilogue;
  return nullptr;
}

bool can_scale_input(const sixfold_conv_desc& desc) {
  return desc.kernel_height * desc.kernel_width * desc.stride_height * desc.stride_width == 1 &&
         desc.pad_top + desc.pad_left + desc.pad_bottom + desc.pad_right == 0 &&
         (desc.groups == 1 || desc.groups != desc.input_channels);
}

class Fuser {
 public:
  explicit Fuser(LayerGraph& graph, bool only_padding = false) : graph_(graph), only_padding_(only_padding) {}

  // Each merge puts the result in the place of the later layer, where all its inputs are known.
  void run() {
    for (size_t i = 0; i < graph_.layers.size();) {
      const auto consumer = only_consumer(i);
      if (consumer && merge(graph_.layers[i], graph_.layers[*consumer])) {
        graph_.layers.erase(graph_.layers.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
  }

 private:
  std::optional<size_t> only_consumer(size_t producer) const {
    const std::string& value = graph_.layers[producer].output;
    if (std::find(graph_.outputs.begin(), graph_.outputs.end(), value) != graph_.outputs.end()) return std::nullopt;
    std::optional<size_t> consumer;
    for (size_t i = producer + 1; i < graph_.layers.size(); ++i) {
      for (const std::string& input : graph_.layers[i].inputs) {
        if (input != value) continue;
        if (consumer) return std::nullopt;
        consumer = i;
      }
    }
    return consumer;
  }

  // Makes `later` the fused layer, if the library can do both in one.
  bool merge(const Layer& earlier, Layer& later) {
    std::vector<std::string> inputs = earlier.inputs;
    Operation fused = earlier.operation;
    if (const auto* pad = std::get_if<Pad>(&earlier.operation)) {
      fused = later.operation;
      if (!take_padding(fused, *pad)) return false;
    } else if (only_padding_) {
      return false;
    } else if (const auto* scale = std::get_if<Scale>(&later.operation)) {
      Epilogue* epilogue = epilogue_of(fused);
      if (!epilogue || !take_scale(*epilogue, scale->affine)) return false;
    } else if (const auto* elementwise = std::get_if<Elementwise>(&later.operation)) {
      if (!take_elementwise(fused, *elementwise, earlier, later, inputs)) return false;
    } else if (const auto* product = std::get_if<Elementwise>(&earlier.operation)) {
      fused = later.operation;
      if (later.inputs[0] != earlier.output || !take_factors(fused, *product, later, inputs)) return false;
    } else {
      return false;
    }
    later.operation = std::move(fused);
    later.inputs = std::move(inputs);
    later.values.insert(later.values.begin(), earlier.values.begin(), earlier.values.end());
    if (later.nodes != earlier.nodes) {  // a node that was lowered to two layers is still one node
      later.nodes.insert(later.nodes.begin(), earlier.nodes.begin(), earlier.nodes.end());
      later.types.insert(later.types.begin(), earlier.types.begin(), earlier.types.end());
    }
    return true;
  }

  static bool take_padding(Operation& operation, const Pad& pad) {
    auto* convolution = std::get_if<Convolution>(&operation);
    if (!convolution || convolution->epilogue.residual != SIXFOLD_NO_RESIDUAL) return false;
    if (convolution->desc.input_scale != SIXFOLD_NO_INPUT_SCALE) return false;
    convolution->desc.pad_top += pad.top;
    convolution->desc.pad_left += pad.left;
    convolution->desc.pad_bottom += pad.bottom;
    convolution->desc.pad_right += pad.right;
    return true;
  }

  bool take_elementwise(Operation& fused, const Elementwise& elementwise, const Layer& earlier, const Layer& later,
                        std::vector<std::string>& inputs) const {
    Epilogue* epilogue = epilogue_of(fused);
    if (elementwise.kind == SIXFOLD_ACTIVATE) {
      if (epilogue) return take_activation(*epilogue, elementwise.activation);
      auto* arithmetic = std::get_if<Elementwise>(&fused);
      if (!arithmetic || arithmetic->activation.kind != SIXFOLD_IDENTITY) return false;
      arithmetic->activation = elementwise.activation;
      return arithmetic->kind != SIXFOLD_ACTIVATE;
    }
    if (!epilogue || elementwise.kind != SIXFOLD_ADD || elementwise.activation.kind != SIXFOLD_IDENTITY) return false;
    const std::string& other = later.inputs[later.inputs[0] == earlier.output ? 1 : 0];
    if (graph_.dims.at(other) != graph_.dims.at(earlier.output)) return false;
    inputs.insert(inputs.begin() + 1, other);  // factors stay the last
    return take_residual(*epilogue);
  }

  // A multiplication by one factor a channel, as squeeze-and-excite's, on a pointwise convolution's input. `inputs` are the
  // multiplication's.
  bool take_factors(Operation& fused, const Elementwise& elementwise, const Layer& later,
                    std::vector<std::string>& inputs) const {
    auto* convolution = std::get_if<Convolution>(&fused);
    if (!convolution || !can_scale_input(convolution->desc)) return false;
    if (elementwise.kind != SIXFOLD_MULTIPLY || elementwise.activation.kind != SIXFOLD_IDENTITY) return false;
    const Image image = image_of(graph_.dims.at(inputs[0])), factors = image_of(graph_.dims.at(inputs[1]));
    const bool fit = factors.height * factors.width == 1 && factors.channels == image.channels &&
                     (factors.batch == 1 || factors.batch == image.batch);
    if (!fit) return false;
    convolution->desc.input_scale = SIXFOLD_INPUT_SCALE_PER_CHANNEL;
    inputs.insert(inputs.begin() + 1, later.inputs.begin() + 1, later.inputs.end());
    return true;
  }

  LayerGraph& graph_;
  bool only_padding_;
};

Convolution depthwise_of(Affine affine) {
  Convolution convolution;
  const size_t channels = affine.channels();
  convolution.desc.input_channels = convolution.desc.output_channels = convolution.desc.groups = channels;
  convolution.desc.weights_layout = SIXFOLD_OIHW;
  convolution.weights.assign(channels, 1.0f);
  convolution.epilogue.before = std::move(affine);
  return convolution;
}

void make_scales_convolutions(LayerGraph& graph) {
  for (Layer& layer : graph.layers) {
    if (auto* scale = std::get_if<Scale>(&layer.operation)) {
      Convolution convolution = depthwise_of(std::move(scale->affine));
      layer.operation = std::move(convolution);
    }
  }
}

}  // namespace

void fuse_only_what_must_be(LayerGraph& graph) {
  Fuser(graph, true).run();
  make_scales_convolutions(graph);
}

void fuse(LayerGraph& graph) {
  Fuser(graph).run();
  make_scales_convolutions(graph);
  Fuser(graph).run();  // what follows those convolutions
}

}  // namespace sixfold::net
