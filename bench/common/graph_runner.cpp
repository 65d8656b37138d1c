#include "graph_runner.hpp"

#include <algorithm>

namespace sixfold::bench {
namespace {

Operator make_pool(sixfold_type type, const std::string& backend) {
  sixfold_pool_desc desc = sixfold_pool_desc_default();
  desc.type = type;
  desc.kind = SIXFOLD_GLOBAL_AVERAGE_POOL;
  const sixfold_options options = options_for(backend);
  return Operator::make(
      [&](sixfold_operator** op, sixfold_error* error) { return sixfold_pool_create(&desc, &options, op, error); });
}

Operator make_scale(sixfold_type type, const std::string& backend) {
  sixfold_elementwise_desc desc = sixfold_elementwise_desc_default();
  desc.type = type;
  desc.kind = SIXFOLD_MULTIPLY;
  const sixfold_options options = options_for(backend);
  return Operator::make([&](sixfold_operator** op, sixfold_error* error) {
    return sixfold_elementwise_create(&desc, &options, op, error);
  });
}

Operator make_operator(const Node& node, const RunnerOptions& options) {
  switch (node.kind) {
    case StepKind::global_pool:
      return make_pool(options.precision.type, options.backend);
    case StepKind::channel_scale:
      return make_scale(options.precision.type, options.backend);
    case StepKind::layer:
      break;
  }
  return make_operator(*node.layer, *node.parameters, options.backend, options.precision,
                       node.scale < 0 ? SIXFOLD_NO_INPUT_SCALE : SIXFOLD_INPUT_SCALE_PER_CHANNEL);
}

// One size a value of the graph.
std::vector<std::size_t> dense_bytes(const Graph& graph, sixfold_type type) {
  std::vector<std::size_t> bytes;
  for (const Shape& shape : graph.values) bytes.push_back(shape.count() * size_of(type));
  return bytes;
}

}  // namespace

GraphRunner::GraphRunner(const Graph& graph, const RunnerOptions& options)
    : plan_(plan_values(graph, dense_bytes(graph, options.precision.type), InPlace::residuals_and_scales)),
      arena_(plan_.bytes) {
  for (std::size_t i = 0; i < graph.input_count; ++i) inputs_.emplace_back(options.precision.type, graph.values[i]);
  make_nodes(graph, options);
  if (options.pool != nullptr) options.pool->serve(context_);
  reserve_workspace();
}

void GraphRunner::make_nodes(const Graph& graph, const RunnerOptions& options) {
  const auto tensor_of = [&](int value) {
    const std::size_t index = static_cast<std::size_t>(value);
    if (index < graph.input_count) return inputs_[index].view();
    const Shape& s = graph.values[index];
    return sixfold_tensor_of(arena_.at(plan_.offsets[index]), options.precision.type, s.batch, s.height, s.width,
                             s.channels);
  };
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    std::vector<sixfold_tensor> inputs = {tensor_of(node.input)};
    if (node.second >= 0) inputs.push_back(tensor_of(node.second));
    if (node.scale >= 0) inputs.push_back(tensor_of(node.scale));
    nodes_.push_back({make_operator(node, options), std::move(inputs), tensor_of(graph.value_of(i))});
  }
}

void GraphRunner::reserve_workspace() {
  std::size_t most = 0;
  for (const RunnableNode& node : nodes_) {
    std::size_t bytes = 0;
    sixfold_error error{};
    check(sixfold_workspace_size(node.op.get(), node.inputs.data(), node.inputs.size(), context_.max_tasks, &bytes,
                                 &error),
          error);
    most = std::max(most, bytes);
  }
  workspace_.resize(most);
  context_.workspace = workspace_.data();
  context_.workspace_bytes = most;
}

void GraphRunner::set_inputs(const std::vector<std::vector<float>>& inputs) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    Elements& elements = inputs_[i].elements();
    for (std::size_t k = 0; k < elements.count(); ++k) elements.set(k, inputs[i][k]);
  }
}

void GraphRunner::run_node(RunnableNode& node) {
  sixfold_error error;
  const sixfold_status status =
      sixfold_run(node.op.get(), node.inputs.data(), node.inputs.size(), &node.output, &context_, &error);
  if (status != SIXFOLD_OK) check(status, error);
}

void GraphRunner::run() {
  for (RunnableNode& node : nodes_) run_node(node);
}

void GraphRunner::run(const std::function<void(std::size_t, const sixfold_tensor&)>& observe) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    run_node(nodes_[i]);
    observe(i, nodes_[i].output);
  }
}

std::vector<float> GraphRunner::output() const { return values_of(nodes_.back().output); }

std::size_t GraphRunner::operator_bytes() const {
  std::size_t sum = 0;
  for (const RunnableNode& node : nodes_) sum += sixfold_memory_bytes(node.op.get());
  return sum;
}

std::vector<float> values_of(const sixfold_tensor& tensor) {
  std::vector<float> values(tensor.batch * tensor.height * tensor.width * tensor.channels);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = tensor.type == SIXFOLD_FP32 ? static_cast<const float*>(tensor.data)[i]
                                            : from_half(static_cast<const std::uint16_t*>(tensor.data)[i]);
  }
  return values;
}

}  // namespace sixfold::bench
