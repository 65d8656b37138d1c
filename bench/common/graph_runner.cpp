#include "graph_runner.hpp"

#include <algorithm>
#include <cstdint>

namespace sixfold::bench {
namespace {

constexpr std::size_t alignment = 64;

unsigned char* first_aligned(std::vector<unsigned char>& memory) {
  const std::size_t past = reinterpret_cast<std::uintptr_t>(memory.data()) % alignment;
  return memory.data() + (alignment - past) % alignment;
}

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
      return make_pool(options.type, options.backend);
    case StepKind::channel_scale:
      return make_scale(options.type, options.backend);
    case StepKind::layer:
      break;
  }
  return make_operator(*node.layer, *node.parameters, options.backend, options.type);
}

// The value that a node's output may take the place of, if nobody reads it any more: the library allows a residual, and an
// image that is scaled, to be the output. -1 for none.
int replaceable(const Node& node) {
  if (node.kind == StepKind::channel_scale) return node.input;
  return node.kind == StepKind::layer ? node.second : -1;
}

// The last node that reads each value; the output is read after the last.
std::vector<std::size_t> last_uses(const Graph& graph) {
  std::vector<std::size_t> last(graph.values.size(), 0);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const int value : {graph.nodes[i].input, graph.nodes[i].second}) {
      if (value >= 0) last[static_cast<std::size_t>(value)] = i;
    }
  }
  last.back() = graph.nodes.size();
  return last;
}

}  // namespace

GraphRunner::GraphRunner(const Graph& graph, const RunnerOptions& options) {
  for (std::size_t i = 0; i < graph.input_count; ++i) inputs_.emplace_back(options.type, graph.values[i]);
  const std::vector<std::size_t> storages = plan_storages(graph, options.type);
  arena_.resize(plan_.bytes + alignment);
  make_nodes(graph, options, storages);
  if (options.pool != nullptr) options.pool->serve(context_);
  reserve_workspace();
}

// Returns the storage of each value that a node computes; plan_ then has the place of each storage.
std::vector<std::size_t> GraphRunner::plan_storages(const Graph& graph, sixfold_type type) {
  const std::vector<std::size_t> last = last_uses(graph);
  std::vector<Lifetime> lifetimes;
  std::vector<std::size_t> storages;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const std::size_t value = graph.input_count + i;
    const int replaced = replaceable(graph.nodes[i]);
    const bool in_place =
        replaced >= static_cast<int>(graph.input_count) && last[static_cast<std::size_t>(replaced)] == i;
    if (in_place) {
      storages.push_back(storages[static_cast<std::size_t>(replaced) - graph.input_count]);
    } else {
      storages.push_back(lifetimes.size());
      lifetimes.push_back({graph.values[value].count() * size_of(type), i, i});
    }
    lifetimes[storages.back()].last = last[value];
  }
  plan_ = plan_arena(lifetimes);
  return storages;
}

void GraphRunner::make_nodes(const Graph& graph, const RunnerOptions& options,
                             const std::vector<std::size_t>& storages) {
  unsigned char* arena = first_aligned(arena_);
  const auto tensor_of = [&](int value) {
    const std::size_t index = static_cast<std::size_t>(value);
    if (index < graph.input_count) return inputs_[index].view();
    const Shape& s = graph.values[index];
    void* data = arena + plan_.offsets[storages[index - graph.input_count]];
    return sixfold_tensor_of(data, options.type, s.batch, s.height, s.width, s.channels);
  };
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    std::vector<sixfold_tensor> inputs = {tensor_of(node.input)};
    if (node.second >= 0) inputs.push_back(tensor_of(node.second));
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
