// A graph on Sixfold: one operator a node, values in one planned block of memory, threads of the caller.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "arena.hpp"
#include "network_graph.hpp"
#include "precision.hpp"
#include "tensor.hpp"
#include "thread_pool.hpp"

namespace sixfold::bench {

struct RunnerOptions {
  std::string backend;
  Precision precision = {};
  ThreadPool* pool = nullptr;  // none: one thread
};

class GraphRunner {
 public:
  // The graph is not kept. Throws std::runtime_error if the library refuses a node.
  GraphRunner(const Graph& graph, const RunnerOptions& options);

  // One array an input, in NHWC; rounded to the type.
  void set_inputs(const std::vector<std::vector<float>>& inputs);
  void run();
  // Calls observe(node, its output) after each node; a later one may write over it.
  void run(const std::function<void(std::size_t, const sixfold_tensor&)>& observe);
  std::vector<float> output() const;

  // The most that is needed at one time, without the inputs, which are the caller's.
  std::size_t activation_bytes() const { return plan_.bytes; }
  std::size_t workspace_bytes() const { return workspace_.size(); }
  std::size_t operator_bytes() const;  // packed weights and all else that the operators hold
  std::string kernel_of_last_node() const { return nodes_.back().op.kernel_name(); }

 private:
  struct RunnableNode {
    Operator op;
    std::vector<sixfold_tensor> inputs;
    sixfold_tensor output;
  };

  void make_nodes(const Graph& graph, const RunnerOptions& options);
  void reserve_workspace();
  void run_node(RunnableNode& node);

  std::vector<Tensor> inputs_;
  ArenaPlan plan_;
  Arena arena_;
  std::vector<RunnableNode> nodes_;
  std::vector<unsigned char> workspace_;
  sixfold_context context_ = sixfold_context_default();
};

// Elements of a dense tensor as fp32.
std::vector<float> values_of(const sixfold_tensor& tensor);

}  // namespace sixfold::bench
