#include <dlfcn.h>

#include <dnnl.hpp>

#include "peer.hpp"

namespace sixfold::bench {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

constexpr auto fp32 = memory::data_type::f32;
constexpr auto inference = dnnl::prop_kind::forward_inference;

memory::dim dim(std::size_t value) { return static_cast<memory::dim>(value); }

memory::dims dims_of(const Shape& s) { return {dim(s.batch), dim(s.channels), dim(s.height), dim(s.width)}; }

// Residual and activation, done in registers at the end of a layer.
dnnl::primitive_attr attributes_of(const Node& node) {
  dnnl::post_ops ops;
  const auto append = [&](dnnl::algorithm algorithm, float alpha, float beta) {
    ops.append_eltwise(1.0f, algorithm, alpha, beta);
  };
  if (node.second >= 0) ops.append_sum(1.0f);
  const sixfold_activation activation = sixfold_activation_default(node.layer->activation);
  switch (activation.kind) {
    case SIXFOLD_RELU:
      append(dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
      break;
    case SIXFOLD_RELU6:
      append(dnnl::algorithm::eltwise_clip, 0.0f, 6.0f);
      break;
    case SIXFOLD_HARD_SWISH:
      append(dnnl::algorithm::eltwise_hardswish, 0.0f, 0.0f);
      break;
    case SIXFOLD_HARD_SIGMOID:
      append(dnnl::algorithm::eltwise_linear, activation.alpha, activation.beta);
      append(dnnl::algorithm::eltwise_clip, 0.0f, 1.0f);
      break;
    default:
      break;
  }
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(ops);
  return attributes;
}

// The library chooses the layout of weights, and of an image whenever it may.
class OneDnnExecutable : public Executable {
 public:
  OneDnnExecutable(const Graph& graph, const dnnl::engine& engine)
      : graph_(graph), engine_(engine), stream_(engine), layouts_(graph.values.size()) {
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) choose(graph.nodes[i], graph.value_of(i));
    std::vector<std::size_t> bytes;
    for (const memory::desc& layout : layouts_) bytes.push_back(layout.get_size());
    const ArenaPlan plan = plan_values(graph, bytes, InPlace::residuals_and_scales);
    arena_ = std::make_unique<Arena>(plan.bytes);
    for (std::size_t value = 0; value < layouts_.size(); ++value) {
      const bool given = value < graph.input_count;
      values_.push_back(given ? memory(layouts_[value], engine)
                              : memory(layouts_[value], engine, arena_->at(plan.offsets[value])));
    }
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) connect(i);
  }
  OneDnnExecutable(const OneDnnExecutable&) = delete;
  OneDnnExecutable& operator=(const OneDnnExecutable&) = delete;

  void set_inputs(const std::vector<std::vector<float>>& inputs) override {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      std::vector<float> copy = inputs[i];
      memory from(plain(static_cast<int>(i)), engine_, copy.data());
      dnnl::reorder(from, values_[i]).execute(stream_, from, values_[i]);
      stream_.wait();
    }
  }
  std::vector<float> output() override {
    const int last = static_cast<int>(graph_.values.size()) - 1;
    std::vector<float> result(graph_.values.back().count());
    memory to(plain(last), engine_, result.data());
    dnnl::reorder(values_.back(), to).execute(stream_, values_.back(), to);
    stream_.wait();
    return result;
  }
  double seconds_of(std::size_t runs) override {
    return cpu_seconds_of(runs, [this] {
      for (auto& [primitive, arguments] : calls_) primitive.execute(stream_, arguments);
      stream_.wait();
    });
  }

 private:
  using Arguments = std::unordered_map<int, memory>;

  struct Chosen {
    dnnl::primitive primitive;
    memory::desc source;
    memory weights, bias;
  };

  // Every value is an image here, even of one pixel.
  memory::desc plain(int value) const { return {dims_of(graph_.shape(value)), fp32, Tag::nhwc}; }
  memory::desc any(int value) const { return {dims_of(graph_.shape(value)), fp32, Tag::any}; }
  memory::desc& layout(int value) { return layouts_[static_cast<std::size_t>(value)]; }
  bool is_input(int value) const { return value < static_cast<int>(graph_.input_count); }

  // An input of the graph comes in the layout that its first reader prefers.
  void settle_input(int value, const memory::desc& preferred) {
    if (is_input(value) && layout(value).is_zero()) layout(value) = preferred;
  }

  void choose(const Node& node, int value) {
    switch (node.kind) {
      case StepKind::global_pool:
        return choose_pool(node, value);
      case StepKind::channel_scale:
        return choose_scale(node, value);
      case StepKind::layer:
        break;
    }
    if (node.layer->kind == LayerKind::fully_connected) return choose_fully_connected(node, value);
    choose_convolution(node, value);
  }

  void choose_convolution(const Node& node, int value) {
    const Layer& layer = *node.layer;
    const bool depthwise = layer.kind == LayerKind::depthwise;
    const memory::dim in = layer.input_channels, out = layer.output_channels, k = layer.kernel;
    const memory::dims weight_dims = depthwise ? memory::dims{out, 1, 1, k, k} : memory::dims{out, in, k, k};
    const memory::desc ohwi(weight_dims, fp32, depthwise ? Tag::gohwi : Tag::ohwi);
    const memory::desc bias({out}, fp32, Tag::a);
    // A residual is added where it lies, so that the output has its layout.
    const bool dictated = node.second >= 0 && !is_input(node.second);
    const memory::dim before = layer.padding_before(), after = layer.padding_after(), stride = layer.stride;
    const dnnl::convolution_forward::desc desc(
        inference, dnnl::algorithm::convolution_auto, any(node.input), memory::desc(weight_dims, fp32, Tag::any), bias,
        dictated ? layout(node.second) : any(value), {stride, stride}, {before, before}, {after, after});
    const dnnl::convolution_forward::primitive_desc chosen(desc, attributes_of(node), engine_);
    add_layer(node, value, chosen, ohwi, bias);
  }

  void choose_fully_connected(const Node& node, int value) {
    const memory::dim in = node.layer->input_channels, out = node.layer->output_channels;
    const memory::desc ohwi({out, in}, fp32, Tag::ab);
    const memory::desc bias({out}, fp32, Tag::a);
    const dnnl::inner_product_forward::desc desc(inference, memory::desc({1, in}, fp32, Tag::ab),
                                                 memory::desc({out, in}, fp32, Tag::any), bias,
                                                 memory::desc({1, out}, fp32, Tag::ab));
    const dnnl::inner_product_forward::primitive_desc chosen(desc, attributes_of(node), engine_);
    settle_input(node.input, plain(node.input));
    add_layer(node, value, chosen, ohwi, bias);
  }

  template <class PrimitiveDesc>
  void add_layer(const Node& node, int value, const PrimitiveDesc& chosen, const memory::desc& ohwi,
                 const memory::desc& bias_layout) {
    FoldedParameters parameters = folded(*node.layer, *node.parameters);
    memory from(ohwi, engine_, parameters.weights.data());
    memory weights(chosen.weights_desc(), engine_);
    dnnl::reorder(from, weights).execute(stream_, from, weights);
    memory bias(bias_layout, engine_);
    memory given(bias_layout, engine_, parameters.bias.data());
    dnnl::reorder(given, bias).execute(stream_, given, bias);
    stream_.wait();
    const bool flat = node.layer->kind == LayerKind::fully_connected;
    settle_input(node.input, chosen.src_desc());
    if (node.second >= 0) settle_input(node.second, chosen.dst_desc());
    layout(value) = flat ? plain(value) : chosen.dst_desc();
    chosen_.push_back({dnnl::primitive(chosen.get()), flat ? plain(node.input) : chosen.src_desc(), weights, bias});
  }

  void choose_pool(const Node& node, int value) {
    const Shape& image = graph_.shape(node.input);
    settle_input(node.input, plain(node.input));
    const dnnl::pooling_forward::desc desc(inference, dnnl::algorithm::pooling_avg_exclude_padding, layout(node.input),
                                           any(value), {1, 1}, {dim(image.height), dim(image.width)}, {0, 0}, {0, 0});
    const dnnl::pooling_forward::primitive_desc chosen(desc, engine_);
    layout(value) = chosen.dst_desc();
    chosen_.push_back({dnnl::pooling_forward(chosen), chosen.src_desc(), {}, {}});
  }

  // oneDNN is fast only if the factors have the blocks of channels that the image has.
  memory::desc factors_layout(const Node& node) {
    const auto& blocking = layout(node.input).data.format_desc.blocking;
    const memory::dim block = blocking.inner_nblks == 1 ? blocking.inner_blks[0] : 1;
    const Tag tag = block == 8 ? Tag::nChw8c : block == 16 ? Tag::nChw16c : Tag::nhwc;
    return {dims_of(graph_.shape(node.second)), fp32, tag};
  }

  void choose_scale(const Node& node, int value) {
    const dnnl::binary::desc desc(dnnl::algorithm::binary_mul, layout(node.input), factors_layout(node),
                                  layout(node.input));
    const dnnl::binary::primitive_desc chosen(desc, engine_);
    layout(value) = chosen.dst_desc();
    chosen_.push_back({dnnl::binary(chosen), chosen.src0_desc(), {}, {}});
  }

  // A memory of `wanted` layout with the value, by way of a reorder if it lies otherwise.
  memory in_layout(int value, const memory::desc& wanted) {
    const memory& lies = values_[static_cast<std::size_t>(value)];
    if (lies.get_desc() == wanted) return lies;
    // Whole blocks of one pixel lie as in NHWC.
    const Shape& shape = graph_.shape(value);
    const bool same_bytes = shape.height * shape.width == 1 && wanted.get_size() == shape.count() * sizeof(float) &&
                            lies.get_desc().get_size() == wanted.get_size();
    if (same_bytes) return memory(wanted, engine_, lies.get_data_handle());
    memory other(wanted, engine_);
    calls_.push_back({dnnl::reorder(lies, other), Arguments{{DNNL_ARG_FROM, lies}, {DNNL_ARG_TO, other}}});
    return other;
  }

  void connect(std::size_t index) {
    const Node& node = graph_.nodes[index];
    const Chosen& chosen = chosen_[index];
    const int value = graph_.value_of(index);
    const memory input = in_layout(node.input, chosen.source);
    if (node.second >= 0 && node.kind == StepKind::layer) add_residual(node.second, value);
    const memory& output = values_[static_cast<std::size_t>(value)];
    if (node.kind == StepKind::channel_scale) {
      const memory factors = in_layout(node.second, factors_layout(node));
      calls_.push_back(
          {chosen.primitive, Arguments{{DNNL_ARG_SRC_0, input}, {DNNL_ARG_SRC_1, factors}, {DNNL_ARG_DST, output}}});
      return;
    }
    Arguments arguments = {{DNNL_ARG_SRC, input}, {DNNL_ARG_DST, output}};
    if (node.kind == StepKind::layer) {
      arguments.insert({{DNNL_ARG_WEIGHTS, chosen.weights}, {DNNL_ARG_BIAS, chosen.bias}});
      if (node.layer->kind == LayerKind::fully_connected) flatten(arguments);
    }
    calls_.push_back({chosen.primitive, std::move(arguments)});
  }

  // The sum is made in the output: what is to be added must lie there beforehand. A layer by itself adds to its residual, which
  // spares it the copy; it then grows from run to run, which does no harm.
  void add_residual(int residual, int value) {
    memory& from = values_[static_cast<std::size_t>(residual)];
    memory& to = values_[static_cast<std::size_t>(value)];
    if (is_input(residual) && from.get_desc() == to.get_desc()) to.set_data_handle(from.get_data_handle());
    if (from.get_data_handle() == to.get_data_handle()) return;
    calls_.push_back({dnnl::reorder(from, to), Arguments{{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}});
  }

  // One pixel in NHWC is a row of a matrix.
  void flatten(Arguments& arguments) const {
    for (const int argument : {DNNL_ARG_SRC, DNNL_ARG_DST}) {
      const memory image = arguments.at(argument);
      const memory::desc row({1, image.get_desc().dims()[1]}, fp32, Tag::ab);
      arguments.at(argument) = memory(row, engine_, image.get_data_handle());
    }
  }

  Graph graph_;
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::vector<memory::desc> layouts_;
  std::vector<Chosen> chosen_;
  std::unique_ptr<Arena> arena_;
  std::vector<memory> values_;
  std::vector<std::pair<dnnl::primitive, Arguments>> calls_;
};

// Debian's oneDNN is built with OpenMP. Whose, only oneDNN knows; this finds the function in what it has brought along.
void use_one_thread() {
  if (void* function = dlsym(RTLD_DEFAULT, "omp_set_num_threads")) reinterpret_cast<void (*)(int)>(function)(1);
}

}  // namespace

std::optional<Library> onednn_library(Instructions instructions) {
  use_one_thread();
  const bool limited =
      instructions == Instructions::avx2 && dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx2) == dnnl::status::success;
  const dnnl_version_t& version = *dnnl::version();
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  const std::string text = std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
                           std::to_string(version.patch) + (limited ? ", kept to AVX2" : ", any instructions");
  return Library{"oneDNN", text, false,
                 [engine](const Graph& graph) { return std::make_unique<OneDnnExecutable>(graph, engine); }};
}

}  // namespace sixfold::bench
