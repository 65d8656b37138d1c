#include "lower.hpp"

#include <algorithm>
#include <utility>

#include "constants.hpp"
#include "lowering.hpp"

namespace sixfold::net {
namespace {

const std::map<std::string, LoweringFunction>& functions() {
  static const std::map<std::string, LoweringFunction> table = {
      {"Conv", lower_convolution},
      {"ConvTranspose", lower_convolution_transpose},
      {"Gemm", lower_gemm},
      {"MatMul", lower_matmul},
      {"BatchNormalization", lower_batch_normalization},
      {"Add", lower_binary},
      {"Sub", lower_binary},
      {"Mul", lower_binary},
      {"Div", lower_binary},
      {"Relu", lower_activation},
      {"LeakyRelu", lower_activation},
      {"Elu", lower_activation},
      {"Sigmoid", lower_activation},
      {"Tanh", lower_activation},
      {"Softplus", lower_activation},
      {"Swish", lower_activation},
      {"Mish", lower_activation},
      {"Gelu", lower_activation},
      {"HardSigmoid", lower_activation},
      {"HardSwish", lower_activation},
      {"Clip", lower_clip},
      {"PRelu", lower_prelu},
      {"MaxPool", lower_pool},
      {"AveragePool", lower_pool},
      {"GlobalAveragePool", lower_global_average},
      {"ReduceMean", lower_reduce_mean},
      {"Pad", lower_pad},
      {"Reshape", lower_reshape},
      {"Flatten", lower_reshape},
      {"Squeeze", lower_reshape},
      {"Unsqueeze", lower_reshape},
      {"Transpose", lower_transpose},
      {"Resize", lower_resize},
      {"Upsample", lower_resize},
      {"DepthToSpace", lower_depth_to_space},
      {"Concat", lower_concat},
      {"Softmax", lower_softmax},
      {"Shape", lower_shape},
      {"Identity", lower_same},
      {"Dropout", lower_same},
      {"Cast", lower_same},
  };
  return table;
}

Dims checked_dims(const GraphInput& input, const std::map<std::string, Dims>& given) {
  const auto found = given.find(input.name);
  const Dims& dims = found == given.end() ? input.dims : found->second;
  const auto open = [](int64_t size) { return size < 0; };
  if (std::any_of(dims.begin(), dims.end(), open)) {
    throw Error("input '" + input.name + "' has the open shape " + to_string(dims) + ": give its shape");
  }
  bool fits = dims.size() == input.dims.size() || input.dims.empty();
  for (size_t i = 0; fits && i < input.dims.size(); ++i) fits = input.dims[i] < 0 || input.dims[i] == dims[i];
  // Files often fix a batch of 1 and the like; only the number of dimensions and the channels are binding.
  if (!fits &&
      (dims.size() != input.dims.size() || (dims.size() > 1 && input.dims[1] >= 0 && input.dims[1] != dims[1]))) {
    throw Error("input '" + input.name + "' has the shape " + to_string(input.dims) + ", given was " + to_string(dims));
  }
  return dims;
}

}  // namespace

std::vector<std::string> supported_node_types() {
  std::vector<std::string> types = {"Constant"};
  for (const auto& [type, function] : functions()) types.push_back(type);
  return types;
}

LayerGraph lower(const Graph& graph, const std::map<std::string, Dims>& input_dims) {
  return Lowering(graph, input_dims).run();
}

Lowering::Lowering(const Graph& graph, const std::map<std::string, Dims>& input_dims) : graph_(graph) {
  with_evaluated_.constants = graph.constants;
  for (const GraphInput& input : graph.inputs) {
    result_.dims[input.name] = checked_dims(input, input_dims);
    image_of(result_.dims[input.name]);  // refuses what has too many dimensions
    result_.inputs.push_back(input.name);
  }
}

LayerGraph Lowering::run() {
  for (const Node& node : graph_.nodes) {
    if (!evaluated(node)) lower_node(node);
  }
  for (const std::string& output : graph_.outputs) {
    const std::string& name = resolved(output);
    if (!result_.dims.count(name)) throw Error("output '" + output + "' is not computed by the network");
    result_.output_names.push_back(output);
    result_.outputs.push_back(name);
  }
  return std::move(result_);
}

void Lowering::lower_node(const Node& node) {
  const auto found = functions().find(node.type);
  if (found == functions().end()) fail(node, "this operator is not supported");
  for (size_t i = 1; i < node.outputs.size(); ++i) {
    const std::string& extra = node.outputs[i];
    if (extra.empty()) continue;
    const bool used =
        graph_.is_output(extra) || std::any_of(graph_.nodes.begin(), graph_.nodes.end(), [&](const Node& other) {
          return std::find(other.inputs.begin(), other.inputs.end(), extra) != other.inputs.end();
        });
    if (used) fail(node, "its output " + std::to_string(i) + " is not supported");
  }
  found->second(*this, node);
}

bool Lowering::evaluated(const Node& node) {
  if (node.type == "Shape" || node.outputs.size() != 1) return false;
  std::vector<const Constant*> inputs;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    inputs.push_back(constant(node, i));
    if (inputs.back() == nullptr && node.has_input(i)) return false;
  }
  std::optional<Constant> result = evaluate(node, inputs);
  if (!result) return false;
  set_constant(node.outputs[0], std::move(*result));
  return true;
}

const std::string& Lowering::resolved(const std::string& name) const {
  const auto found = aliases_.find(name);
  return found == aliases_.end() ? name : found->second;
}

const Constant* Lowering::constant(const Node& node, size_t index) const {
  if (!node.has_input(index)) return nullptr;
  const auto found = with_evaluated_.constants.find(node.inputs[index]);
  return found == with_evaluated_.constants.end() ? nullptr : &found->second;
}

const Constant& Lowering::required_constant(const Node& node, size_t index) const {
  if (const Constant* found = constant(node, index)) return *found;
  fail(node, node.has_input(index) ? "input '" + node.inputs[index] + "' must be a constant"
                                   : "input " + std::to_string(index) + " is missing");
}

const std::string& Lowering::value(const Node& node, size_t index) const {
  if (!node.has_input(index)) fail(node, "input " + std::to_string(index) + " is missing");
  if (constant(node, index))
    fail(node, "input '" + node.inputs[index] + "' is a constant, which is not supported there");
  const std::string& name = resolved(node.inputs[index]);
  if (!result_.dims.count(name)) fail(node, "input '" + node.inputs[index] + "' is not computed before it");
  return name;
}

void Lowering::append(const Node& node, std::vector<std::string> inputs, const std::string& output, Dims dims,
                      Operation operation) {
  Layer layer;
  layer.name = node.name;
  layer.nodes = node.sources.empty() ? std::vector<std::string>{node.name} : node.sources;
  layer.types = {node.type};
  layer.values = {output};
  layer.inputs = std::move(inputs);
  layer.output = output;
  layer.operation = std::move(operation);
  if (dims.size() > 4) fail(node, "gives a tensor of shape " + to_string(dims) + ": more than 4 dimensions");
  result_.dims[output] = std::move(dims);
  result_.layers.push_back(std::move(layer));
}

void Lowering::emit(const Node& node, std::vector<std::string> inputs, Dims dims, Operation operation) {
  append(node, std::move(inputs), node.outputs.at(0), std::move(dims), std::move(operation));
}

std::string Lowering::emit_helper(const Node& node, const std::string& suffix, std::vector<std::string> inputs,
                                  Dims dims, Operation operation) {
  const std::string name = node.outputs.at(0) + ":" + suffix;
  append(node, std::move(inputs), name, std::move(dims), std::move(operation));
  return name;
}

std::string Lowering::reshape(const Node& node, const std::string& suffix, const std::string& value, const Dims& dims) {
  if (result_.dims.at(value) == dims) return value;
  return emit_helper(node, suffix, {value}, dims, Reshape{});
}

void Lowering::rename(const Node& node, const std::string& value) { aliases_[node.outputs.at(0)] = value; }

void Lowering::set_constant(const std::string& name, Constant value) {
  with_evaluated_.constants[name] = std::move(value);
}

}  // namespace sixfold::net
