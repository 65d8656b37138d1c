#include "onnx_file.hpp"

#include <fp16.h>
#include <onnx/onnx_pb.h>

#include <cstring>
#include <fstream>
#include <set>
#include <utility>

namespace sixfold::net {
namespace {

template <class Message>
Message read_message(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error("cannot open " + path);
  Message message;
  if (!message.ParseFromIstream(&file)) throw Error(path + " is not an ONNX file");
  return message;
}

// Tensor elements lie either in a typed field or, packed and little endian, in raw_data.
template <class T, class Field>
std::vector<T> elements(const ::onnx::TensorProto& tensor, const Field& field) {
  if (!tensor.has_raw_data()) return std::vector<T>(field.begin(), field.end());
  const std::string& raw = tensor.raw_data();
  std::vector<T> values(raw.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), raw.data(), values.size() * sizeof(T));
  return values;
}

template <class To, class From>
std::vector<To> cast_all(const std::vector<From>& values) {
  std::vector<To> result;
  result.reserve(values.size());
  for (const From value : values) result.push_back(static_cast<To>(value));
  return result;
}

std::vector<float> widen_halves(const std::vector<uint16_t>& halves) {
  std::vector<float> result;
  result.reserve(halves.size());
  for (const uint16_t half : halves) result.push_back(fp16_ieee_to_fp32_value(half));
  return result;
}

void take_elements(const ::onnx::TensorProto& tensor, Constant& constant) {
  using Proto = ::onnx::TensorProto;
  switch (tensor.data_type()) {
    case Proto::FLOAT:
      constant.floats = elements<float>(tensor, tensor.float_data());
      return;
    case Proto::DOUBLE:
      constant.floats = cast_all<float>(elements<double>(tensor, tensor.double_data()));
      return;
    case Proto::FLOAT16:
      constant.floats = widen_halves(elements<uint16_t>(tensor, tensor.int32_data()));
      return;
    default:
      constant.integral = true;
  }
  switch (tensor.data_type()) {
    case Proto::INT64:
      constant.ints = elements<int64_t>(tensor, tensor.int64_data());
      return;
    case Proto::INT32:
      constant.ints = cast_all<int64_t>(elements<int32_t>(tensor, tensor.int32_data()));
      return;
    case Proto::BOOL:
    case Proto::UINT8:
      constant.ints = cast_all<int64_t>(elements<uint8_t>(tensor, tensor.int32_data()));
      return;
    case Proto::INT8:
      constant.ints = cast_all<int64_t>(elements<int8_t>(tensor, tensor.int32_data()));
      return;
    default:
      throw Error("tensor '" + tensor.name() + "' has the element type " +
                  ::onnx::TensorProto_DataType_Name(static_cast<Proto::DataType>(tensor.data_type())) +
                  ", which this tool does not read");
  }
}

Constant to_constant(const ::onnx::TensorProto& tensor) {
  if (tensor.data_location() == ::onnx::TensorProto::EXTERNAL) {
    throw Error("tensor '" + tensor.name() + "' lies in another file, which this tool does not read");
  }
  Constant constant;
  constant.dims.assign(tensor.dims().begin(), tensor.dims().end());
  take_elements(tensor, constant);
  if (static_cast<int64_t>(constant.size()) != count(constant.dims)) {
    throw Error("tensor '" + tensor.name() + "' has " + std::to_string(constant.size()) + " elements and the shape " +
                to_string(constant.dims));
  }
  return constant;
}

// Attributes of other kinds (subgraphs, strings) are left out: no operator that is supported has any.
void take_attribute(const ::onnx::AttributeProto& from, Node& node) {
  using Proto = ::onnx::AttributeProto;
  Attribute& to = node.attributes[from.name()];
  switch (from.type()) {
    case Proto::INT:
      to = from.i();
      break;
    case Proto::FLOAT:
      to = from.f();
      break;
    case Proto::STRING:
      to = from.s();
      break;
    case Proto::INTS:
      to = std::vector<int64_t>(from.ints().begin(), from.ints().end());
      break;
    case Proto::FLOATS:
      to = std::vector<float>(from.floats().begin(), from.floats().end());
      break;
    case Proto::TENSOR:
      to = to_constant(from.t());
      break;
    default:
      node.attributes.erase(from.name());
  }
}

Node to_node(const ::onnx::NodeProto& from) {
  Node node;
  node.type =
      from.domain().empty() || from.domain() == "ai.onnx" ? from.op_type() : from.domain() + "." + from.op_type();
  node.inputs.assign(from.input().begin(), from.input().end());
  node.outputs.assign(from.output().begin(), from.output().end());
  node.name = !from.name().empty() || node.outputs.empty() ? from.name() : node.outputs.front();
  for (const auto& attribute : from.attribute()) take_attribute(attribute, node);
  return node;
}

Constant value_of_constant_node(const Node& node) {
  for (const auto& [key, value] : node.attributes) {
    if (key == "value") return std::get<Constant>(value);
    if (key == "value_float") return Constant::of_floats({}, {std::get<float>(value)});
    if (key == "value_floats") {
      const auto& list = std::get<std::vector<float>>(value);
      return Constant::of_floats({static_cast<int64_t>(list.size())}, list);
    }
    if (key == "value_ints") return Constant::of_ints(std::get<std::vector<int64_t>>(value));
    if (key == "value_int") {
      Constant constant = Constant::of_ints({std::get<int64_t>(value)});
      constant.dims.clear();
      return constant;
    }
  }
  fail(node, "has no value that this tool reads");
}

Dims declared_dims(const ::onnx::ValueInfoProto& value) {
  Dims dims;
  for (const auto& dim : value.type().tensor_type().shape().dim()) {
    dims.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
  }
  return dims;
}

}  // namespace

Graph load_onnx(const std::string& path) {
  const auto model = read_message<::onnx::ModelProto>(path);
  Graph graph;
  for (const auto& opset : model.opset_import()) {
    if (opset.domain().empty() || opset.domain() == "ai.onnx") graph.opset = opset.version();
  }
  for (const auto& tensor : model.graph().initializer()) graph.constants[tensor.name()] = to_constant(tensor);
  for (const auto& proto : model.graph().node()) {
    Node node = to_node(proto);
    if (node.type == "Constant") {
      graph.constants[node.outputs.at(0)] = value_of_constant_node(node);
    } else {
      graph.nodes.push_back(std::move(node));
    }
  }
  for (const auto& input : model.graph().input()) {
    if (!graph.constants.count(input.name())) graph.inputs.push_back({input.name(), declared_dims(input)});
  }
  for (const auto& output : model.graph().output()) graph.outputs.push_back(output.name());
  return graph;
}

Constant load_onnx_tensor(const std::string& path) { return to_constant(read_message<::onnx::TensorProto>(path)); }

void expose_intermediates(const std::string& path, const std::string& destination) {
  auto model = read_message<::onnx::ModelProto>(path);
  ::onnx::GraphProto& graph = *model.mutable_graph();
  std::set<std::string> known;
  for (const auto& output : graph.output()) known.insert(output.name());
  for (const auto& node : graph.node()) {
    // Integers are shape arithmetic, in which nobody is interested here; an output without a type is a tensor of any
    // type.
    if (node.op_type() == "Constant" || node.op_type() == "Shape" || node.op_type() == "Cast") continue;
    for (const auto& output : node.output()) {
      if (!output.empty() && known.insert(output).second) graph.add_output()->set_name(output);
    }
  }
  std::ofstream file(destination, std::ios::binary);
  if (!file || !model.SerializeToOstream(&file)) throw Error("cannot write " + destination);
}

}  // namespace sixfold::net
