// What the files lower_*.cpp share.
#ifndef SIXFOLD_BENCH_NET_LOWERING_HPP
#define SIXFOLD_BENCH_NET_LOWERING_HPP

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "graph.hpp"
#include "layer.hpp"

namespace sixfold::net {

// The state of lowering one graph.
class Lowering {
 public:
  Lowering(const Graph& graph, const std::map<std::string, Dims>& input_dims);

  LayerGraph run();

  int64_t opset() const { return graph_.opset; }
  const Graph& graph() const { return with_evaluated_; }

  // The constant behind an input; NULL if it is left out or only known when the network runs.
  const Constant* constant(const Node& node, size_t index) const;
  const Constant& required_constant(const Node& node, size_t index) const;

  // The value behind an input that the network computes. A constant there is an error.
  const std::string& value(const Node& node, size_t index) const;
  const Dims& dims(const Node& node, size_t index) const { return result_.dims.at(value(node, index)); }

  // Adds the layer that gives the node's first output.
  void emit(const Node& node, std::vector<std::string> inputs, Dims dims, Operation operation);
  // Adds a helper layer and returns the name of its result.
  std::string emit_helper(const Node& node, const std::string& suffix, std::vector<std::string> inputs, Dims dims,
                          Operation operation);
  // A reshape of `value`, or `value` itself if it has these dimensions already.
  std::string reshape(const Node& node, const std::string& suffix, const std::string& value, const Dims& dims);

  // The node's output is another name of `value`.
  void rename(const Node& node, const std::string& value);
  void set_constant(const std::string& name, Constant value);

 private:
  const std::string& resolved(const std::string& name) const;
  bool evaluated(const Node& node);
  void lower_node(const Node& node);
  void append(const Node& node, std::vector<std::string> inputs, const std::string& output, Dims dims,
              Operation operation);

  const Graph& graph_;
  Graph with_evaluated_;  // the graph's constants and those found on the way
  std::map<std::string, std::string> aliases_;
  LayerGraph result_;
};

using LoweringFunction = void (*)(Lowering&, const Node&);

// One a node type. Grouped in files by what they lower to.
void lower_convolution(Lowering&, const Node&);
void lower_convolution_transpose(Lowering&, const Node&);
void lower_gemm(Lowering&, const Node&);
void lower_matmul(Lowering&, const Node&);
void lower_batch_normalization(Lowering&, const Node&);
void lower_binary(Lowering&, const Node&);      // Add, Sub, Mul, Div
void lower_activation(Lowering&, const Node&);  // all without parameters that are tensors
void lower_clip(Lowering&, const Node&);
void lower_prelu(Lowering&, const Node&);
void lower_pool(Lowering&, const Node&);  // MaxPool, AveragePool
void lower_global_average(Lowering&, const Node&);
void lower_reduce_mean(Lowering&, const Node&);
void lower_pad(Lowering&, const Node&);
void lower_reshape(Lowering&, const Node&);  // Reshape, Flatten, Squeeze, Unsqueeze
void lower_transpose(Lowering&, const Node&);
void lower_resize(Lowering&, const Node&);  // Resize, Upsample
void lower_depth_to_space(Lowering&, const Node&);
void lower_concat(Lowering&, const Node&);
void lower_softmax(Lowering&, const Node&);
void lower_shape(Lowering&, const Node&);
void lower_same(Lowering&, const Node&);  // Identity, Dropout, Cast

// The window of a convolution or a pool, in two dimensions; a network of one dimension has height 1.
struct Window {
  size_t kernel[2], stride[2], dilation[2];
  size_t pad_begin[2], pad_end[2];
};

// Reads strides, dilations, pads and auto_pad of a node; `kernel` has one or two sizes, as many as the input has beyond
// two.
Window window_of(const Node& node, const std::vector<int64_t>& kernel, const Dims& input);

// The output's size along axis 0 (height) or 1 (width).
int64_t window_output(const Node& node, const Window& window, int axis, int64_t input, bool ceil_mode);

// Adds a layer that works on channels with the values of some constant, for which `make` gets one value a channel.
// Where the constant is not one value a channel but covers the last dimensions, those are seen as the channels.
void emit_per_channel(Lowering& lowering, const Node& node, const std::string& input, const Dims& input_dims,
                      const Constant& constant, const std::function<Operation(std::vector<float>)>& make);

}  // namespace sixfold::net

#endif
