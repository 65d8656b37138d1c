#include "onnx_writer.hpp"

#include <onnx/onnx_pb.h>

#include <fstream>
#include <stdexcept>

namespace sixfold::bench {
namespace {

constexpr int opset = 14;  // the first with HardSwish

using Dims = std::vector<std::int64_t>;

Dims dims_of(const Shape& s) {
  return {static_cast<std::int64_t>(s.batch), static_cast<std::int64_t>(s.channels),
          static_cast<std::int64_t>(s.height), static_cast<std::int64_t>(s.width)};
}

void set_type(onnx::ValueInfoProto& value, const std::string& name, const Dims& dims) {
  value.set_name(name);
  auto& type = *value.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t dim : dims) type.mutable_shape()->add_dim()->set_dim_value(dim);
}

// OHWI to OIHW.
std::vector<float> transposed(const std::vector<float>& weights, const Layer& layer) {
  const std::size_t taps = static_cast<std::size_t>(layer.kernel) * static_cast<std::size_t>(layer.kernel);
  const std::size_t outputs = static_cast<std::size_t>(layer.output_channels);
  const std::size_t inputs = weights.size() / taps / outputs;
  std::vector<float> result(weights.size());
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t tap = 0; tap < taps; ++tap) {
      for (std::size_t i = 0; i < inputs; ++i) {
        result[(o * inputs + i) * taps + tap] = weights[(o * taps + tap) * inputs + i];
      }
    }
  }
  return result;
}

class Writer {
 public:
  explicit Writer(const Graph& graph) : graph_(graph), proto_(*model_.mutable_graph()) {
    model_.set_ir_version(8);
    model_.set_producer_name("sixfold");
    model_.add_opset_import()->set_version(opset);
    proto_.set_name(graph.name);
    for (std::size_t i = 0; i < graph.input_count; ++i) {
      set_type(*proto_.add_input(), name_of(static_cast<int>(i)), dims_of(graph.values[i]));
    }
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) write(graph.nodes[i], graph.value_of(i));
    const int last = static_cast<int>(graph.values.size()) - 1;
    Dims dims = dims_of(graph.shape(last));
    if (graph.nodes.back().layer && is_flat(*graph.nodes.back().layer)) dims.resize(2);
    set_type(*proto_.add_output(), name_of(last), dims);
  }

  const onnx::ModelProto& model() const { return model_; }

 private:
  static bool is_flat(const Layer& layer) { return layer.kind == LayerKind::fully_connected; }
  // (g++ 12 warns of overlapping copies in "literal" + std::string, wrongly.)
  static std::string name_of(int value) { return std::string("v").append(std::to_string(value)); }

  // A value as the rows of a matrix: pools are flattened, so that fully connected layers are products of matrices.
  std::string flat(int value) {
    const std::size_t node = static_cast<std::size_t>(value) - graph_.input_count;
    const bool already =
        value >= static_cast<int>(graph_.input_count) && graph_.nodes[node].layer && is_flat(*graph_.nodes[node].layer);
    if (already) return name_of(value);
    add("Flatten", {name_of(value)}, name_of(value) + "_flat");
    return name_of(value) + "_flat";
  }

  onnx::NodeProto& add(const char* type, const std::vector<std::string>& inputs, const std::string& output) {
    onnx::NodeProto& node = *proto_.add_node();
    node.set_op_type(type);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(output);
    return node;
  }

  std::string constant(const std::string& name, const Dims& dims, const std::vector<float>& values) {
    onnx::TensorProto& tensor = *proto_.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t dim : dims) tensor.add_dims(dim);
    tensor.mutable_float_data()->Add(values.begin(), values.end());
    return name;
  }

  std::string integers(const std::string& name, const std::vector<std::int64_t>& values) {
    onnx::TensorProto& tensor = *proto_.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::INT64);
    tensor.add_dims(static_cast<std::int64_t>(values.size()));
    tensor.mutable_int64_data()->Add(values.begin(), values.end());
    return name;
  }

  static void attribute(onnx::NodeProto& node, const char* name, const std::vector<std::int64_t>& values) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t value : values) attribute.add_ints(value);
  }
  static void attribute(onnx::NodeProto& node, const char* name, std::int64_t value) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(value);
  }
  static void attribute(onnx::NodeProto& node, const char* name, float value) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::FLOAT);
    attribute.set_f(value);
  }

  void write(const Node& node, int value) {
    switch (node.kind) {
      case StepKind::global_pool:
        add("GlobalAveragePool", {name_of(node.input)}, name_of(value));
        return;
      case StepKind::channel_scale:
        write_scale(node, value);
        return;
      case StepKind::layer:
        write_layer(node, value);
    }
  }

  void write_scale(const Node& node, int value) {
    const std::string factors = name_of(node.second) + "_image";
    const std::string shape = integers(factors + "_shape", dims_of(graph_.shape(node.second)));
    add("Reshape", {name_of(node.second), shape}, factors);
    add("Mul", {name_of(node.input), factors}, name_of(value));
  }

  void write_layer(const Node& node, int value) {
    const Layer& layer = *node.layer;
    const std::string name = name_of(value);
    const bool residual = node.second >= 0, active = layer.activation != SIXFOLD_IDENTITY;
    const std::string product = residual || active ? name + "_product" : name;
    const std::string sum = !residual ? product : active ? name + "_sum" : name;
    write_product(node, name, product);
    if (residual) add("Add", {product, name_of(node.second)}, sum);
    if (active) write_activation(layer.activation, sum, name);
  }

  void write_product(const Node& node, const std::string& name, const std::string& product) {
    const Layer& layer = *node.layer;
    const FoldedParameters parameters = folded(layer, *node.parameters);
    const std::int64_t k = layer.kernel, in = layer.input_channels, out = layer.output_channels;
    const std::string bias = constant(name + "_bias", {out}, parameters.bias);
    if (is_flat(layer)) {
      const std::string weights = constant(name + "_weights", {out, in}, parameters.weights);
      attribute(add("Gemm", {flat(node.input), weights, bias}, product), "transB", std::int64_t{1});
      return;
    }
    const std::int64_t groups = layer.kind == LayerKind::depthwise ? in : 1;
    const std::string weights =
        constant(name + "_weights", {out, in / groups, k, k}, transposed(parameters.weights, layer));
    onnx::NodeProto& conv = add("Conv", {name_of(node.input), weights, bias}, product);
    const std::int64_t before = layer.padding_before(), after = layer.padding_after(), stride = layer.stride;
    attribute(conv, "kernel_shape", {k, k});
    attribute(conv, "strides", {stride, stride});
    attribute(conv, "pads", {before, before, after, after});
    attribute(conv, "group", groups);
  }

  void write_activation(sixfold_activation_kind kind, const std::string& from, const std::string& to) {
    const sixfold_activation activation = sixfold_activation_default(kind);
    switch (kind) {
      case SIXFOLD_RELU:
        add("Relu", {from}, to);
        return;
      case SIXFOLD_RELU6:
        add("Clip", {from, constant(to + "_low", {}, {0.0f}), constant(to + "_high", {}, {6.0f})}, to);
        return;
      case SIXFOLD_HARD_SWISH:
        add("HardSwish", {from}, to);
        return;
      case SIXFOLD_HARD_SIGMOID: {
        onnx::NodeProto& node = add("HardSigmoid", {from}, to);
        attribute(node, "alpha", activation.alpha);
        attribute(node, "beta", activation.beta);
        return;
      }
      default:
        throw std::runtime_error("no ONNX operator is known here for this activation");
    }
  }

  const Graph& graph_;
  onnx::ModelProto model_;
  onnx::GraphProto& proto_;
};

}  // namespace

void write_onnx(const Graph& graph, const std::string& path) {
  const Writer writer(graph);
  std::ofstream file(path, std::ios::binary);
  if (!file || !writer.model().SerializeToOstream(&file)) throw std::runtime_error("cannot write " + path);
}

}  // namespace sixfold::bench
