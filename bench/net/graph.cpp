#include "graph.hpp"

#include <algorithm>
#include <utility>

namespace sixfold::net {

int64_t count(const Dims& dims) {
  int64_t product = 1;
  for (const int64_t size : dims) product *= size;
  return product;
}

std::string to_string(const Dims& dims) {
  if (dims.empty()) return "scalar";
  std::string text;
  for (const int64_t size : dims) {
    if (!text.empty()) text += 'x';
    text += size < 0 ? "?" : std::to_string(size);
  }
  return text;
}

Constant Constant::of_floats(Dims dims, std::vector<float> values) {
  Constant constant;
  constant.dims = std::move(dims);
  constant.floats = std::move(values);
  return constant;
}

Constant Constant::of_ints(std::vector<int64_t> values) {
  Constant constant;
  constant.integral = true;
  constant.dims = {static_cast<int64_t>(values.size())};
  constant.ints = std::move(values);
  return constant;
}

namespace {

template <class T>
T attribute(const Node& node, const std::string& key, const T& otherwise) {
  const auto found = node.attributes.find(key);
  if (found == node.attributes.end()) return otherwise;
  if (const T* value = std::get_if<T>(&found->second)) return *value;
  fail(node, "attribute " + key + " has an unexpected type");
}

}  // namespace

int64_t Node::integer(const std::string& key, int64_t otherwise) const { return attribute(*this, key, otherwise); }

float Node::real(const std::string& key, float otherwise) const { return attribute(*this, key, otherwise); }

std::vector<float> Node::reals(const std::string& key, const std::vector<float>& otherwise) const {
  return attribute(*this, key, otherwise);
}

std::string Node::text(const std::string& key, const std::string& otherwise) const {
  return attribute(*this, key, otherwise);
}

std::vector<int64_t> Node::integers(const std::string& key, const std::vector<int64_t>& otherwise) const {
  return attribute(*this, key, otherwise);
}

bool Graph::is_output(const std::string& value) const {
  return std::find(outputs.begin(), outputs.end(), value) != outputs.end();
}

void Graph::bind(const std::string& input, Constant value) {
  std::erase_if(inputs, [&](const GraphInput& candidate) { return candidate.name == input; });
  constants[input] = std::move(value);
}

std::string describe(const Node& node) { return node.type + " '" + node.name + "'"; }

void fail(const Node& node, const std::string& why) { throw Error(describe(node) + ": " + why); }

}  // namespace sixfold::net
