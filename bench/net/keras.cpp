#include "keras.hpp"

#include <onnx/onnx_pb.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "constants.hpp"
#include "graph.hpp"

namespace sixfold::net {
namespace {

using nlohmann::json;

constexpr int64_t kOpset = 13;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error("cannot open " + path);
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

// All weights of the manifest by name, made floats.
std::map<std::string, Constant> read_weights(const json& manifest, const std::string& bytes) {
  std::map<std::string, Constant> weights;
  size_t at = 0;
  for (const json& group : manifest) {
    for (const json& entry : group.at("weights")) {
      const Dims dims = entry.at("shape");
      const auto size = static_cast<size_t>(count(dims));
      const bool quantised = entry.contains("quantization");
      const size_t bytes_here = size * (quantised ? 1 : sizeof(float));
      const std::string name = entry.at("name");
      if (quantised && entry["quantization"].at("dtype") != "uint8") throw Error("weight '" + name + "' is not 8-bit");
      if (at + bytes_here > bytes.size()) throw Error("the weights end before '" + name + "'");
      std::vector<float> values(size);
      if (quantised) {
        const float scale = entry["quantization"].at("scale"), low = entry["quantization"].at("min");
        for (size_t i = 0; i < size; ++i)
          values[i] = static_cast<float>(static_cast<unsigned char>(bytes[at + i])) * scale + low;
      } else {
        std::memcpy(values.data(), bytes.data() + at, bytes_here);
      }
      at += bytes_here;
      weights[name] = Constant::of_floats(dims, std::move(values));
    }
  }
  if (at != bytes.size()) throw Error("the weights have " + std::to_string(bytes.size() - at) + " bytes too many");
  return weights;
}

class Converter {
 public:
  Converter(const json& config, std::map<std::string, Constant> weights)
      : config_(config), weights_(std::move(weights)) {
    model_.set_ir_version(::onnx::IR_VERSION);
    auto* opset = model_.add_opset_import();
    opset->set_domain("");
    opset->set_version(kOpset);
    model_.set_producer_name("sixfold-net");
    graph().set_name(config.value("name", "keras"));
  }

  ::onnx::ModelProto convert() {
    for (const json& layer : config_.at("layers")) add_layer(layer);
    for (const json& output : config_.at("output_layers")) {
      add_tensor_info(*graph().add_output(), values_.at(output.at(0)), {});
    }
    return std::move(model_);
  }

 private:
  ::onnx::GraphProto& graph() { return *model_.mutable_graph(); }

  static void add_tensor_info(::onnx::ValueInfoProto& info, const std::string& name, const Dims& dims) {
    info.set_name(name);
    auto* type = info.mutable_type()->mutable_tensor_type();
    type->set_elem_type(::onnx::TensorProto::FLOAT);
    for (const int64_t size : dims) {
      auto* dim = type->mutable_shape()->add_dim();
      if (size > 0) dim->set_dim_value(size);
    }
  }

  ::onnx::NodeProto& add_node(const std::string& type, const std::string& name,
                              const std::vector<std::string>& inputs) {
    ::onnx::NodeProto& node = *graph().add_node();
    node.set_op_type(type);
    node.set_name(name);
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(name);
    return node;
  }

  static void set(::onnx::NodeProto& node, const std::string& key, const std::vector<int64_t>& values) {
    auto* attribute = node.add_attribute();
    attribute->set_name(key);
    attribute->set_type(::onnx::AttributeProto::INTS);
    for (const int64_t value : values) attribute->add_ints(value);
  }

  static void set(::onnx::NodeProto& node, const std::string& key, int64_t value) {
    auto* attribute = node.add_attribute();
    attribute->set_name(key);
    attribute->set_type(::onnx::AttributeProto::INT);
    attribute->set_i(value);
  }

  static void set(::onnx::NodeProto& node, const std::string& key, float value) {
    auto* attribute = node.add_attribute();
    attribute->set_name(key);
    attribute->set_type(::onnx::AttributeProto::FLOAT);
    attribute->set_f(value);
  }

  static void set(::onnx::NodeProto& node, const std::string& key, const std::string& value) {
    auto* attribute = node.add_attribute();
    attribute->set_name(key);
    attribute->set_type(::onnx::AttributeProto::STRING);
    attribute->set_s(value);
  }

  std::string add_constant(const std::string& name, const Constant& constant) {
    auto* tensor = graph().add_initializer();
    tensor->set_name(name);
    for (const int64_t size : constant.dims) tensor->add_dims(size);
    tensor->set_data_type(constant.integral ? ::onnx::TensorProto::INT64 : ::onnx::TensorProto::FLOAT);
    for (const int64_t value : constant.ints) tensor->add_int64_data(value);
    for (const float value : constant.floats) tensor->add_float_data(value);
    return name;
  }

  const Constant& weight(const std::string& layer, const std::string& part) const {
    const auto found = weights_.find(layer + "/" + part);
    if (found == weights_.end()) throw Error("layer '" + layer + "' has no weights '" + part + "'");
    return found->second;
  }

  std::string add_weight(const std::string& layer, const std::string& part) {
    return add_constant(layer + "/" + part, weight(layer, part));
  }

  // The values that a layer reads.
  std::vector<std::string> inputs_of(const json& layer) const {
    std::vector<std::string> inputs;
    for (const json& inbound : layer.at("inbound_nodes").at(0)) inputs.push_back(values_.at(inbound.at(0)));
    return inputs;
  }

  void add_layer(const json& layer) {
    static const std::map<std::string,
                          void (Converter::*)(const std::string&, const json&, const std::vector<std::string>&)>
        table = {
            {"ZeroPadding2D", &Converter::add_padding},
            {"Conv2D", &Converter::add_convolution},
            {"DepthwiseConv2D", &Converter::add_depthwise},
            {"BatchNormalization", &Converter::add_batch_norm},
            {"ReLU", &Converter::add_relu},
            {"Add", &Converter::add_addition},
            {"AveragePooling2D", &Converter::add_average},
            {"GlobalAveragePooling2D", &Converter::add_global_average},
            {"Flatten", &Converter::add_flatten},
            {"Dense", &Converter::add_dense},
            {"Dropout", &Converter::add_nothing},
        };
    const std::string type = layer.at("class_name"), name = layer.at("name");
    const json& config = layer.at("config");
    if (type == "InputLayer") return add_input(name, config);
    const auto found = table.find(type);
    if (found == table.end()) throw Error("Keras layer '" + name + "' of type " + type + " is not supported");
    if (config.value("data_format", "channels_last") != "channels_last")
      throw Error("layer '" + name + "' is not channels_last");
    values_[name] = name;
    (this->*found->second)(name, config, inputs_of(layer));
  }

  void add_input(const std::string& name, const json& config) {
    const json& shape = config.at("batch_input_shape");  // null for an open size
    const auto size = [&](size_t i) { return shape.at(i).is_null() ? int64_t{-1} : shape.at(i).get<int64_t>(); };
    add_tensor_info(*graph().add_input(), name, {size(0), size(3), size(1), size(2)});
    values_[name] = name;
  }

  void add_padding(const std::string& name, const json& config, const std::vector<std::string>& inputs) {
    const json& padding = config.at("padding");
    const auto at = [&](size_t axis, size_t side) { return padding.at(axis).at(side).get<int64_t>(); };
    const Constant pads = Constant::of_ints({0, 0, at(0, 0), at(1, 0), 0, 0, at(0, 1), at(1, 1)});
    add_node("Pad", name, {inputs.at(0), add_constant(name + "/pads", pads)});
  }

  static void set_window(::onnx::NodeProto& node, const json& config, const json& kernel) {
    set(node, "kernel_shape", kernel.get<std::vector<int64_t>>());
    set(node, "strides", config.at("strides").get<std::vector<int64_t>>());
    if (config.contains("dilation_rate")) set(node, "dilations", config["dilation_rate"].get<std::vector<int64_t>>());
    set(node, "auto_pad", std::string(config.at("padding") == "same" ? "SAME_UPPER" : "VALID"));
  }

  // The node's value goes through the layer's own activation, if it has one; the last of the two bears the layer's
  // name.
  std::string core_name(const std::string& name, const json& config) const {
    return config.value("activation", "linear") == "linear" ? name : name + "/linear";
  }

  void add_activation(const std::string& name, const json& config) {
    const std::string activation = config.value("activation", "linear");
    if (activation == "linear") return;
    const std::map<std::string, std::string> types = {
        {"relu", "Relu"}, {"softmax", "Softmax"}, {"sigmoid", "Sigmoid"}, {"tanh", "Tanh"}};
    const auto found = types.find(activation);
    if (found == types.end())
      throw Error("layer '" + name + "' has the activation " + activation + ", which is not supported");
    add_node(found->second, name, {core_name(name, config)});
  }

  void add_conv_node(const std::string& name, const json& config, std::vector<std::string> inputs,
                     const Constant& weights, int64_t groups) {
    inputs.push_back(add_constant(name + "/weights", weights));
    if (config.value("use_bias", true)) inputs.push_back(add_weight(name, "bias"));
    ::onnx::NodeProto& node = add_node("Conv", core_name(name, config), inputs);
    set_window(node, config, config.at("kernel_size"));
    set(node, "group", groups);
    add_activation(name, config);
  }

  void add_convolution(const std::string& name, const json& config, const std::vector<std::string>& inputs) {
    add_conv_node(name, config, inputs, transpose(weight(name, "kernel"), {3, 2, 0, 1}), 1);
  }

  void add_depthwise(const std::string& name, const json& config, const std::vector<std::string>& inputs) {
    Constant weights = transpose(weight(name, "depthwise_kernel"), {2, 3, 0, 1});  // [input][multiplier][row][column]
    const int64_t channels = weights.dims[0];
    weights.dims = {channels * weights.dims[1], 1, weights.dims[2], weights.dims[3]};
    add_conv_node(name, config, inputs, weights, channels);
  }

  void add_batch_norm(const std::string& name, const json& config, const std::vector<std::string>& inputs) {
    ::onnx::NodeProto& node = add_node("BatchNormalization", name,
                                       {inputs.at(0), add_weight(name, "gamma"), add_weight(name, "beta"),
                                        add_weight(name, "moving_mean"), add_weight(name, "moving_variance")});
    set(node, "epsilon", config.at("epsilon").get<float>());
  }

  void add_relu(const std::string& name, const json& config, const std::vector<std::string>& inputs) {
    if (config.value("negative_slope", 0.0f) != 0.0f || config.value("threshold", 0.0f) != 0.0f) {
      throw Error("layer '" + name + "' is a leaky or shifted ReLU, which is not supported");
    }
    const json limit = config.value("max_value", json());
    if (limit.is_null()) {
      add_node("Relu", name, inputs);
      return;
    }
    const std::string low = add_constant(name + "/low", Constant::of_floats({}, {0.0f}));
    const std::string high = add_constant(name + "/high", Constant::of_floats({}, {limit.get<float>()}));
    add_node("Clip", name, {inputs.at(0), low, high});
  }

  void add_addition(const std::string& name, const json&, const std::vector<std::string>& inputs) {
    if (inputs.size() != 2)
      throw Error("layer '" + name + "' adds " + std::to_string(inputs.size()) + " values, not two");
    add_node("Add", name, inputs);
  }

  void add_average(const std::string& name, const json& config, const std::vector<std::string>& inputs) {
    set_window(add_node("AveragePool", name, inputs), config, config.at("pool_size"));
  }

  void add_global_average(const std::string& name, const json&, const std::vector<std::string>& inputs) {
    const std::string image = name + "/image";
    add_node("GlobalAveragePool", image, inputs);
    add_node("Flatten", name, {image});
  }

  void add_flatten(const std::string& name, const json&, const std::vector<std::string>& inputs) {
    const std::string last = name + "/channels_last";  // Keras flattens in this order
    set(add_node("Transpose", last, inputs), "perm", std::vector<int64_t>{0, 2, 3, 1});
    add_node("Flatten", name, {last});
  }

  void add_dense(const std::string& name, const json& config, const std::vector<std::string>& inputs) {
    std::vector<std::string> operands = {inputs.at(0), add_weight(name, "kernel")};
    if (config.value("use_bias", true)) operands.push_back(add_weight(name, "bias"));
    add_node("Gemm", core_name(name, config), operands);
    add_activation(name, config);
  }

  void add_nothing(const std::string& name, const json&, const std::vector<std::string>& inputs) {
    values_[name] = inputs.at(0);
  }

  const json& config_;
  std::map<std::string, Constant> weights_;
  ::onnx::ModelProto model_;
  std::map<std::string, std::string> values_;  // by layer, the name of its result
};

}  // namespace

void convert_keras(const std::string& topology, const std::string& weights, const std::string& destination) {
  const json document = json::parse(read_file(topology));
  const json& config = document.at("modelTopology").at("model_config").at("config");
  const auto model = Converter(config, read_weights(document.at("weightsManifest"), read_file(weights))).convert();
  std::ofstream file(destination, std::ios::binary);
  if (!file || !model.SerializeToOstream(&file)) throw Error("cannot write " + destination);
}

}  // namespace sixfold::net
