#include <xnnpack.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "peer.hpp"

#if defined(SIXFOLD_HAVE_CPUINFO)
#include <cpuinfo.h>
#endif

namespace sixfold::bench {
namespace {

struct Delete {
  void operator()(xnn_operator_t op) const { xnn_delete_operator(op); }
};
using XnnOperator = std::unique_ptr<std::remove_pointer_t<xnn_operator_t>, Delete>;

void require(xnn_status status, const char* what) {
  if (status != xnn_status_success) {
    throw std::runtime_error(std::string("XNNPACK: ") + what + " fails with status " + std::to_string(status));
  }
}

struct Bounds {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

// What XNNPACK does with a matrix product; hard-swish is an operator of its own.
Bounds bounds_of(sixfold_activation_kind activation) {
  switch (activation) {
    case SIXFOLD_RELU:
      return {0.0f, Bounds{}.high};
    case SIXFOLD_RELU6:
      return {0.0f, 6.0f};
    case SIXFOLD_HARD_SIGMOID:
      return {0.0f, 1.0f};
    default:
      return {};
  }
}

// A hard-sigmoid is a clamp of alpha * x + beta, which weights and bias take in.
FoldedParameters parameters_of(const Node& node) {
  FoldedParameters parameters = folded(*node.layer, *node.parameters);
  if (node.layer->activation != SIXFOLD_HARD_SIGMOID) return parameters;
  const sixfold_activation activation = sixfold_activation_default(SIXFOLD_HARD_SIGMOID);
  for (float& weight : parameters.weights) weight *= activation.alpha;
  for (float& bias : parameters.bias) bias = activation.alpha * bias + activation.beta;
  return parameters;
}

std::uint32_t u32(int value) { return static_cast<std::uint32_t>(value); }

std::vector<std::size_t> dims_of(const Shape& shape) {
  return {shape.batch, shape.height, shape.width, shape.channels};
}

class XnnpackExecutable : public Executable {
 public:
  explicit XnnpackExecutable(const Graph& graph)
      : graph_(graph), plan_(plan_values(graph, padded_bytes(graph), InPlace::scales)), arena_(plan_.bytes) {
    for (std::size_t i = 0; i < graph.input_count; ++i) inputs_.emplace_back(graph.values[i].count() + spare);
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) add_node(graph.nodes[i], graph.value_of(i));
  }

  void set_inputs(const std::vector<std::vector<float>>& inputs) override {
    for (std::size_t i = 0; i < inputs.size(); ++i) std::copy(inputs[i].begin(), inputs[i].end(), inputs_[i].begin());
  }
  std::vector<float> output() override {
    const int last = static_cast<int>(graph_.values.size()) - 1;
    return {at(last), at(last) + graph_.shape(last).count()};
  }
  double seconds_of(std::size_t runs) override {
    return cpu_seconds_of(runs, [this] {
      for (const XnnOperator& op : operators_) require(xnn_run_operator(op.get(), nullptr), "a run");
    });
  }

 private:
  static constexpr std::size_t spare = XNN_EXTRA_BYTES / sizeof(float);  // XNNPACK reads past the end

  static std::vector<std::size_t> padded_bytes(const Graph& graph) {
    std::vector<std::size_t> bytes;
    for (const Shape& shape : graph.values) bytes.push_back((shape.count() + spare) * sizeof(float));
    return bytes;
  }

  float* at(int value) {
    const std::size_t index = static_cast<std::size_t>(value);
    if (index < graph_.input_count) return inputs_[index].data();
    return static_cast<float*>(arena_.at(plan_.offsets[index]));
  }

  xnn_operator_t add(xnn_operator_t created) {
    operators_.emplace_back(created);
    return created;
  }

  void add_node(const Node& node, int value) {
    switch (node.kind) {
      case StepKind::global_pool:
        return add_pool(node, value);
      case StepKind::channel_scale:
        return add_binary(xnn_create_multiply_nd_f32, xnn_setup_multiply_nd_f32, node.input, node.second, value);
      case StepKind::layer:
        break;
    }
    if (node.layer->kind == LayerKind::fully_connected) {
      add_fully_connected(node, value);
    } else {
      add_convolution(node, value);
    }
    if (node.second >= 0) add_binary(xnn_create_add_nd_f32, xnn_setup_add_nd_f32, value, node.second, value);
    if (node.layer->activation == SIXFOLD_HARD_SWISH) add_hard_swish(value);
  }

  void add_convolution(const Node& node, int value) {
    const Layer& layer = *node.layer;
    const FoldedParameters parameters = parameters_of(node);
    const Bounds bounds = bounds_of(layer.activation);
    const bool depthwise = layer.kind == LayerKind::depthwise;
    const std::size_t inputs = graph_.shape(node.input).channels, outputs = graph_.shape(value).channels;
    const std::uint32_t before = u32(layer.padding_before()), after = u32(layer.padding_after());
    xnn_operator_t op = nullptr;
    require(xnn_create_convolution2d_nhwc_f32(before, after, after, before, u32(layer.kernel), u32(layer.kernel),
                                              u32(layer.stride), u32(layer.stride), 1, 1,
                                              depthwise ? u32(layer.input_channels) : 1, depthwise ? 1 : inputs,
                                              depthwise ? 1 : outputs, inputs, outputs, parameters.weights.data(),
                                              parameters.bias.data(), bounds.low, bounds.high, 0, &op),
            "a convolution");
    add(op);
    const Shape& image = graph_.shape(node.input);
    require(xnn_setup_convolution2d_nhwc_f32(op, image.batch, image.height, image.width, at(node.input), at(value),
                                             nullptr),
            "the set-up of a convolution");
  }

  void add_fully_connected(const Node& node, int value) {
    const FoldedParameters parameters = parameters_of(node);
    const Bounds bounds = bounds_of(node.layer->activation);
    const std::size_t inputs = graph_.shape(node.input).channels, outputs = graph_.shape(value).channels;
    xnn_operator_t op = nullptr;
    require(xnn_create_fully_connected_nc_f32(inputs, outputs, inputs, outputs, parameters.weights.data(),
                                              parameters.bias.data(), bounds.low, bounds.high, 0, &op),
            "a fully connected layer");
    add(op);
    require(xnn_setup_fully_connected_nc_f32(op, 1, at(node.input), at(value), nullptr),
            "the set-up of a fully connected layer");
  }

  void add_pool(const Node& node, int value) {
    const Shape& image = graph_.shape(node.input);
    xnn_operator_t op = nullptr;
    require(xnn_create_global_average_pooling_nwc_f32(image.channels, image.channels, image.channels, Bounds{}.low,
                                                      Bounds{}.high, 0, &op),
            "a pool");
    add(op);
    require(xnn_setup_global_average_pooling_nwc_f32(op, image.batch, image.height * image.width, at(node.input),
                                                     at(value), nullptr),
            "the set-up of a pool");
  }

  void add_hard_swish(int value) {
    const Shape& image = graph_.shape(value);
    xnn_operator_t op = nullptr;
    require(xnn_create_hardswish_nc_f32(image.channels, image.channels, image.channels, 0, &op), "a hard-swish");
    add(op);
    require(xnn_setup_hardswish_nc_f32(op, image.height * image.width, at(value), at(value), nullptr),
            "the set-up of a hard-swish");
  }

  void add_binary(decltype(xnn_create_add_nd_f32)* create, decltype(xnn_setup_add_nd_f32)* setup, int a, int b,
                  int value) {
    xnn_operator_t op = nullptr;
    require(create(Bounds{}.low, Bounds{}.high, 0, &op), "an elementwise operator");
    add(op);
    const std::vector<std::size_t> first = dims_of(graph_.shape(a)), second = dims_of(graph_.shape(b));
    require(setup(op, first.size(), first.data(), second.size(), second.data(), at(a), at(b), at(value), nullptr),
            "the set-up of an elementwise operator");
  }

  Graph graph_;
  ArenaPlan plan_;
  Arena arena_;
  std::vector<std::vector<float>> inputs_;
  std::vector<XnnOperator> operators_;
};

// XNNPACK has no switch, but goes by what cpuinfo found out. Returns whether that can be changed.
bool hide_avx512() {
#if defined(SIXFOLD_HAVE_CPUINFO) && defined(__x86_64__)
  if (!cpuinfo_initialize()) return false;
  for (bool* found : {&cpuinfo_isa.avx512f, &cpuinfo_isa.avx512cd, &cpuinfo_isa.avx512dq, &cpuinfo_isa.avx512bw,
                      &cpuinfo_isa.avx512vl, &cpuinfo_isa.avx512vbmi, &cpuinfo_isa.avx512vnni}) {
    *found = false;
  }
  return true;
#else
  return false;
#endif
}

}  // namespace

std::optional<Library> xnnpack_library(Instructions instructions) {
  const bool limited = instructions == Instructions::avx2 && hide_avx512();
  require(xnn_initialize(nullptr), "its start");
  const std::string limit = limited || !has_avx512() ? "sees no AVX-512" : "any instructions";
  return Library{"XNNPACK", SIXFOLD_XNNPACK_VERSION ", " + limit, false,
                 [](const Graph& graph) { return std::make_unique<XnnpackExecutable>(graph); }};
}

}  // namespace sixfold::bench
