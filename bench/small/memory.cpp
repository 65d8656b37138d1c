#include "memory.hpp"

#include <stdexcept>

namespace sixfold::bench {
namespace {

constexpr std::int64_t enough_weights = 8192;

}  // namespace

std::size_t weight_bytes(const Graph& graph, sixfold_type type) {
  std::int64_t weights = 0;
  for (const Node& node : graph.nodes) weights += node.layer ? node.layer->weights() : 0;
  return static_cast<std::size_t>(weights) * size_of(type);
}

double memory_ratio(const Node& node, const std::string& backend, const Precision& precision) {
  const Operator op = make_operator(*node.layer, *node.parameters, backend, precision);
  const std::size_t given = static_cast<std::size_t>(node.layer->weights()) * size_of(precision.type) +
                            static_cast<std::size_t>(node.layer->output_channels) * sizeof(float);
  return static_cast<double>(sixfold_memory_bytes(op.get())) / static_cast<double>(given);
}

bool is_heavy(const Node& node) { return node.layer && node.layer->weights() >= enough_weights; }

LayerMemory most_for_its_weights(const Graph& graph, const std::string& backend, sixfold_type type) {
  LayerMemory most{};
  for (const Node& node : graph.nodes) {
    if (!is_heavy(node)) continue;
    const double ratio = memory_ratio(node, backend, type);
    if (ratio > most.ratio) most = {*node.layer, ratio};
  }
  if (most.ratio == 0) throw std::invalid_argument("the graph has no layer with enough weights");
  return most;
}

}  // namespace sixfold::bench
