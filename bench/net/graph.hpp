// A network as its file says it, free of protobuf: nodes in execution order, constants, inputs and outputs.
#ifndef SIXFOLD_BENCH_NET_GRAPH_HPP
#define SIXFOLD_BENCH_NET_GRAPH_HPP

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace sixfold::net {

// Everything that can go wrong with a network: the text names the node and its type.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Dims = std::vector<int64_t>;

int64_t count(const Dims& dims);          // the product; 1 for a scalar
std::string to_string(const Dims& dims);  // "1x3x48x192", "?" for an open size; "scalar" for none

// A tensor known before the network runs, in the order of its dimensions (last one fastest). Floats and integers are
// kept apart because shape arithmetic uses all 64 bits.
struct Constant {
  Dims dims;
  bool integral = false;
  std::vector<float> floats;
  std::vector<int64_t> ints;

  size_t size() const { return integral ? ints.size() : floats.size(); }
  static Constant of_floats(Dims dims, std::vector<float> values);
  static Constant of_ints(std::vector<int64_t> values);  // one dimension
};

using Attribute = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>, Constant>;

struct Node {
  std::string type;
  std::string name;                 // as in the file, or the first output's name if the file gives none
  std::vector<std::string> inputs;  // an empty name stands for an optional input that is left out
  std::vector<std::string> outputs;
  std::map<std::string, Attribute> attributes;
  std::vector<std::string> sources;  // names of the nodes that this one was made from; none if it stands for itself

  bool has_input(size_t index) const { return index < inputs.size() && !inputs[index].empty(); }
  int64_t integer(const std::string& key, int64_t otherwise) const;
  float real(const std::string& key, float otherwise) const;
  std::vector<float> reals(const std::string& key, const std::vector<float>& otherwise) const;
  std::string text(const std::string& key, const std::string& otherwise) const;
  std::vector<int64_t> integers(const std::string& key, const std::vector<int64_t>& otherwise) const;
};

struct GraphInput {
  std::string name;
  Dims dims;  // -1 where the file leaves the size open
};

struct Graph {
  int64_t opset = 0;
  std::vector<Node> nodes;
  std::map<std::string, Constant> constants;
  std::vector<GraphInput> inputs;  // those that are not constants
  std::vector<std::string> outputs;

  bool is_output(const std::string& value) const;
  // Turns an input into a constant, as for weights that a file leaves to its caller.
  void bind(const std::string& input, Constant value);
};

// "Conv 'conv2d_0'": how messages name a node.
std::string describe(const Node& node);

[[noreturn]] void fail(const Node& node, const std::string& why);

}  // namespace sixfold::net

#endif
