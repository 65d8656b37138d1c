// From layers to steps: operators are created, values get their place in the arena.
#include <algorithm>
#include <cstdio>
#include <utility>

#include "arena.hpp"
#include "network.hpp"
#include "operators.hpp"

namespace sixfold::net {
namespace {

constexpr size_t kAlignment = 64;

size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

size_t element_bytes(sixfold_type type) { return type == SIXFOLD_FP16 ? 2 : 4; }

std::string size_text(size_t height, size_t width) { return std::to_string(height) + "x" + std::to_string(width); }

// "3x3", "3x3/2", "5x5/2x1": window and stride.
std::string window_text(size_t kernel_height, size_t kernel_width, size_t stride_height, size_t stride_width) {
  std::string text = size_text(kernel_height, kernel_width);
  if (stride_height == stride_width) return stride_height == 1 ? text : text + "/" + std::to_string(stride_height);
  return text + "/" + size_text(stride_height, stride_width);
}

std::string short_type(const std::string& type) {
  if (type == "BatchNormalization") return "BN";
  if (type == "GlobalAveragePool") return "GlobalAvgPool";
  return type;
}

std::string number_text(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", static_cast<double>(value));
  return text;
}

std::string bounds_text(const Activation& activation) {
  if (activation.kind == SIXFOLD_RELU) return "Clip 0..";
  if (activation.kind == SIXFOLD_RELU6) return "Clip 0..6";
  return "Clip " + number_text(activation.alpha) + ".." + number_text(activation.beta);
}

const Activation* activation_of(const Layer& layer) {
  if (const auto* convolution = std::get_if<Convolution>(&layer.operation)) return &convolution->epilogue.activation;
  if (const auto* product = std::get_if<FullyConnected>(&layer.operation)) return &product->epilogue.activation;
  if (const auto* elementwise = std::get_if<Elementwise>(&layer.operation)) return &elementwise->activation;
  return nullptr;
}

// Appends what the layer's main node does besides its name: window, stride, groups.
void add_details(const Layer& layer, std::string& text) {
  if (const auto* convolution = std::get_if<Convolution>(&layer.operation)) {
    const sixfold_conv_desc& desc = convolution->desc;
    text += ' ';
    text += window_text(desc.kernel_height, desc.kernel_width, desc.stride_height, desc.stride_width);
    const bool depthwise = desc.groups > 1 && desc.groups == desc.input_channels;
    if (depthwise) text += " dw";
    if (desc.groups > 1 && !depthwise) text.append(" g").append(std::to_string(desc.groups));
  }
  if (const auto* pool = std::get_if<Pool>(&layer.operation); pool && pool->desc.kind != SIXFOLD_GLOBAL_AVERAGE_POOL) {
    const sixfold_pool_desc& desc = pool->desc;
    text += ' ';
    text += window_text(desc.kernel_height, desc.kernel_width, desc.stride_height, desc.stride_width);
  }
}

std::string taken_by_last_node(const Layer& layer) {
  if (layer.values.size() >= 2) return layer.values[layer.values.size() - 2];
  return std::holds_alternative<Elementwise>(layer.operation) ? layer.inputs[0] : "";
}

// "Pad +Conv 3x3/2 +BN +Clip 0..6": all nodes of the layer, in their order.
std::string text_of(const Layer& layer) {
  const auto conv = std::find(layer.types.begin(), layer.types.end(), "Conv");
  const auto main = conv == layer.types.end() ? layer.types.begin() : conv;
  const Activation* activation = activation_of(layer);
  std::string text;
  for (auto type = layer.types.begin(); type != layer.types.end(); ++type) {
    if (!text.empty()) text += " +";
    text += *type == "Clip" && activation ? bounds_text(*activation) : short_type(*type);
    if (type == main) add_details(layer, text);
  }
  return text;
}

}  // namespace

class NetworkBuilder {
 public:
  NetworkBuilder(const LayerGraph& graph, const NetworkOptions& options, Network& network)
      : graph_(graph), options_(options), network_(network) {}

  void build() {
    network_.options_ = options_;
    network_.pool_ = std::make_unique<bench::ThreadPool>(options_.threads);
    for (size_t i = 0; i < graph_.inputs.size(); ++i) add_input(graph_.inputs[i], i);
    for (const Layer& layer : graph_.layers) add_layer(layer);
    for (const std::string& output : graph_.outputs) network_.outputs_.push_back(views_.at(output));
    find_lifetimes();
    place_storages();
  }

 private:
  // ---- views and storages

  size_t new_view(const Dims& dims, sixfold_layout layout = SIXFOLD_NHWC) {
    View view;
    view.storage = network_.storages_.size();
    view.dims = dims;
    view.image = image_of(dims);
    view.pixel_stride = view.image.channels;
    view.layout = layout;
    Network::Storage storage;
    storage.bytes = view.image.elements() * element_bytes(options_.type);
    network_.storages_.push_back(storage);
    network_.views_.push_back(view);
    return network_.views_.size() - 1;
  }

  size_t alias(size_t of, const Dims& dims) {
    View view = network_.views_[of];
    view.dims = dims;
    view.image = image_of(dims);
    view.pixel_stride = view.image.channels;
    view.layout = SIXFOLD_NHWC;
    network_.views_.push_back(view);
    return network_.views_.size() - 1;
  }

  bool is_dense(size_t index) const {
    const View& view = network_.views_[index];
    return view.pixel_stride == view.image.channels;
  }

  // ---- steps

  Step& add_step(const std::string& value, const std::string& what, std::vector<size_t> inputs, size_t output) {
    Step& step = network_.steps_.emplace_back();
    step.value = value;
    step.what = what;
    step.inputs = std::move(inputs);
    step.output = output;
    for (const size_t view : step.inputs) step.bytes_moved += bytes_of(view);
    step.bytes_moved += bytes_of(output);
    return step;
  }

  double bytes_of(size_t view) const {
    return static_cast<double>(network_.views_[view].image.elements() * element_bytes(options_.type));
  }

  void add_input(const std::string& name, size_t index) {
    const Dims& dims = graph_.dims.at(name);
    const size_t given = new_view(dims, SIXFOLD_NCHW);
    Network::Storage& storage = network_.storages_[network_.views_[given].storage];
    storage.external = true;
    storage.offset = index;
    views_[name] = new_view(dims);
    Step& step = add_step(name, "input, to NHWC", {given}, views_[name]);
    step.op = make_conversion(SIXFOLD_FP32, SIXFOLD_NCHW, options_.type, SIXFOLD_NHWC, options_);
  }

  void add_layer(const Layer& layer) {
    try {
      std::visit([&](const auto& operation) { add(layer, operation); }, layer.operation);
    } catch (const Error& error) {
      throw Error(joined_types(layer) + " '" + layer.name + "': " + error.what());
    }
  }

  std::vector<size_t> inputs_of(const Layer& layer) const {
    std::vector<size_t> inputs;
    for (const std::string& input : layer.inputs) inputs.push_back(views_.at(input));
    return inputs;
  }

  // A step for the whole layer, with a dense output of its own.
  Step& add_layer_step(const Layer& layer) {
    const size_t output = views_[layer.output] = new_view(graph_.dims.at(layer.output));
    Step& step = add_step(layer.output, text_of(layer), inputs_of(layer), output);
    step.nodes = layer.nodes;
    step.taken = taken_by_last_node(layer);
    return step;
  }

  const Image& output_image(const Layer& layer) const { return network_.views_[views_.at(layer.output)].image; }

  void check_shape(const Step& step) const {
    std::vector<sixfold_tensor> inputs;
    for (const size_t view : step.inputs) inputs.push_back(network_.tensor(view, {}, nullptr));
    sixfold_tensor output{};
    sixfold_error error{};
    require(sixfold_output_shape(step.op.get(), inputs.data(), inputs.size(), &output, &error), error);
    const Image& image = network_.views_[step.output].image;
    if (output.batch != image.batch || output.height != image.height || output.width != image.width ||
        output.channels != image.channels) {
      throw Error("gives " + std::to_string(output.batch) + "x" + size_text(output.height, output.width) + "x" +
                  std::to_string(output.channels) + " (NHWC) where the network says " +
                  to_string(network_.views_[step.output].dims));
    }
  }

  void set_operator(Step& step, Operator op) {
    step.op = std::move(op);
    check_shape(step);
  }

  NetworkOptions options_for(const Layer& layer) const {
    NetworkOptions options = options_;
    const auto own = options_.accumulation_of.find(layer.output);
    if (own != options_.accumulation_of.end()) options.accumulation = own->second;
    return options;
  }

  void add(const Layer& layer, const Convolution& convolution) {
    Operator op = make_operator(convolution, options_for(layer));
    Step& step = add_layer_step(layer);
    set_operator(step, std::move(op));
    const sixfold_conv_desc& desc = convolution.desc;
    step.multiply_adds = static_cast<double>(output_image(layer).elements() * desc.kernel_height * desc.kernel_width *
                                             (desc.input_channels / desc.groups));
    step.bytes_moved += static_cast<double>(convolution.weights.size() * element_bytes(options_.type));
  }

  void add(const Layer& layer, const FullyConnected& product) {
    Operator op = make_operator(product, options_for(layer));
    Step& step = add_layer_step(layer);
    set_operator(step, std::move(op));
    step.multiply_adds = static_cast<double>(output_image(layer).elements() * product.input_features);
    step.bytes_moved += static_cast<double>(product.weights.size() * element_bytes(options_.type));
  }

  void add(const Layer& layer, const Pool& pool) {
    Operator op = make_operator(pool, options_);
    set_operator(add_layer_step(layer), std::move(op));
  }

  void add(const Layer& layer, const Elementwise& elementwise) {
    const size_t channels = image_of(graph_.dims.at(layer.output)).channels;
    Operator op = make_operator(elementwise, channels, options_);
    set_operator(add_layer_step(layer), std::move(op));
  }

  void add(const Layer&, const Scale&) { throw Error("a scale was not made a convolution"); }

  void add(const Layer&, const Pad&) {
    throw Error("padding is supported only before a convolution that is its only reader");
  }

  void add(const Layer& layer, const Transpose& transpose) { add_layer_step(layer).host = transpose; }

  void add(const Layer& layer, const Softmax& softmax) { add_layer_step(layer).host = softmax; }

  void add(const Layer& layer, const Upsample& upsample) { add_layer_step(layer).host = upsample; }

  void add(const Layer& layer, const DepthToSpace& rearrange) { add_layer_step(layer).host = rearrange; }

  // Costs nothing where NHWC and NCHW agree; else goes through NCHW, in which ONNX means the reshape.
  void add(const Layer& layer, const Reshape&) {
    const size_t from = views_.at(layer.inputs[0]);
    const Dims& dims = graph_.dims.at(layer.output);
    const bool stays = network_.views_[from].image.same_order(), fits = image_of(dims).same_order();
    if (stays && fits && is_dense(from)) {
      views_[layer.output] = alias(from, dims);
      return;
    }
    if (stays && is_dense(from)) {
      const size_t flat = alias(from, dims);
      network_.views_[flat].layout = SIXFOLD_NCHW;
      add_conversion_to_nhwc(layer, flat);
      return;
    }
    const size_t flat = new_view(network_.views_[from].dims, SIXFOLD_NCHW);
    Step& step = add_step(fits ? layer.output : "", text_of(layer) + ", to NCHW", {from}, flat);
    step.nodes = layer.nodes;
    step.op = make_conversion(options_.type, SIXFOLD_NHWC, options_.type, SIXFOLD_NCHW, options_);
    const size_t reshaped = alias(flat, dims);
    if (fits) {
      views_[layer.output] = reshaped;
      return;
    }
    network_.views_[reshaped].layout = SIXFOLD_NCHW;
    add_conversion_to_nhwc(layer, reshaped);
  }

  void add_conversion_to_nhwc(const Layer& layer, size_t flat) {
    views_[layer.output] = new_view(graph_.dims.at(layer.output));
    Step& step = add_step(layer.output, text_of(layer) + ", to NHWC", {flat}, views_[layer.output]);
    step.nodes = layer.nodes;
    step.op = make_conversion(options_.type, SIXFOLD_NCHW, options_.type, SIXFOLD_NHWC, options_);
  }

  // Inputs that nothing else shares memory with are computed in their place straight away; others are copied there.
  void add(const Layer& layer, const Concat&) {
    const size_t whole = views_[layer.output] = new_view(graph_.dims.at(layer.output));
    size_t offset = 0;
    for (const std::string& input : layer.inputs) {
      const size_t from = views_.at(input);
      const size_t channels = network_.views_[from].image.channels;
      if (can_move(from)) {
        move_into(from, whole, offset);
      } else {
        const size_t slice = alias(whole, network_.views_[from].dims);
        move_into(slice, whole, offset);
        Step& step = add_step(input == layer.inputs.back() ? layer.output : "", "Concat, copy", {from}, slice);
        step.nodes = layer.nodes;
        step.op = make_operator(Elementwise{}, channels, options_);
      }
      offset += channels;
    }
  }

  bool can_move(size_t view) const {
    const size_t storage = network_.views_[view].storage;
    const auto shares = [&](const View& other) { return other.storage == storage; };
    const auto& views = network_.views_;
    return views[view].layout == SIXFOLD_NHWC && std::count_if(views.begin(), views.end(), shares) == 1;
  }

  void move_into(size_t view, size_t whole, size_t offset) {
    View& moved = network_.views_[view];
    if (moved.storage != network_.views_[whole].storage) network_.storages_[moved.storage].bytes = 0;
    moved.storage = network_.views_[whole].storage;
    moved.channel_offset = offset;
    moved.pixel_stride = network_.views_[whole].image.channels;
  }

  // ---- memory

  void find_lifetimes() {
    std::vector<bool> seen(network_.storages_.size(), false);
    const auto touch = [&](size_t view, size_t step) {
      const size_t index = network_.views_[view].storage;
      Network::Storage& storage = network_.storages_[index];
      if (!seen[index]) storage.first = step;
      storage.last = step;
      seen[index] = true;
    };
    for (size_t i = 0; i < network_.steps_.size(); ++i) {
      for (const size_t view : network_.steps_[i].inputs) touch(view, i);
      touch(network_.steps_[i].output, i);
    }
    for (const size_t view : network_.outputs_) touch(view, network_.steps_.size());
  }

  void place_storages() {
    std::vector<bench::Lifetime> lifetimes;
    for (const Network::Storage& storage : network_.storages_) {
      lifetimes.push_back({storage.external ? 0 : storage.bytes, storage.first, storage.last});
    }
    const bench::ArenaPlan plan = bench::plan_arena(lifetimes);
    for (size_t i = 0; i < network_.storages_.size(); ++i) {
      if (!network_.storages_[i].external) network_.storages_[i].offset = plan.offsets[i];
    }
    add_workspace(plan.bytes);
  }

  void add_workspace(size_t activations_end) {
    size_t largest = 0;
    for (Step& step : network_.steps_) {
      if (!step.op) continue;
      std::vector<sixfold_tensor> inputs;
      for (const size_t view : step.inputs) inputs.push_back(network_.tensor(view, {}, nullptr));
      sixfold_error error{};
      require(sixfold_workspace_size(step.op.get(), inputs.data(), inputs.size(), options_.threads,
                                     &step.workspace_bytes, &error),
              error);
      largest = std::max(largest, step.workspace_bytes);
    }
    network_.workspace_offset_ = activations_end;
    network_.arena_bytes_ = activations_end + aligned(largest);
  }

  const LayerGraph& graph_;
  const NetworkOptions& options_;
  Network& network_;
  std::map<std::string, size_t> views_;
};

Network::Network(const LayerGraph& graph, const NetworkOptions& options) {
  NetworkBuilder(graph, options, *this).build();
}

}  // namespace sixfold::net
