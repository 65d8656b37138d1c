#include "network_graph.hpp"

#include <array>
#include <numeric>

namespace sixfold::bench {
namespace {

constexpr std::uint64_t seed = 6;
constexpr std::uint64_t input_seed = 7;

Shape square(int size, int channels) {
  return {1, static_cast<std::size_t>(size), static_cast<std::size_t>(size), static_cast<std::size_t>(channels)};
}

Node layer_node(const Layer& layer, int input, int second, Random& random) {
  return {StepKind::layer, layer, LayerParameters(layer, random), input, second};
}

// The value that a node's output may replace; -1 for none.
int replaceable(const Node& node, InPlace in_place) {
  if (node.kind == StepKind::channel_scale) return node.input;
  return node.kind == StepKind::layer && in_place == InPlace::residuals_and_scales ? node.second : -1;
}

// The values that a node reads; -1 for none.
std::array<int, 3> read_by(const Node& node) { return {node.input, node.second, node.scale}; }

// The last node that reads each value; the output is read after the last.
std::vector<std::size_t> last_uses(const Graph& graph) {
  std::vector<std::size_t> last(graph.values.size(), 0);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const int value : read_by(graph.nodes[i])) {
      if (value >= 0) last[static_cast<std::size_t>(value)] = i;
    }
  }
  last.back() = graph.nodes.size();
  return last;
}

// For each value the factors that its only reader can apply by itself, as it is a pointwise layer; -1 for none.
std::vector<int> scales_for_layers(const Graph& graph) {
  std::vector<std::size_t> readers(graph.values.size(), 0);
  for (const Node& node : graph.nodes) {
    for (const int value : read_by(node)) {
      if (value >= 0) ++readers[static_cast<std::size_t>(value)];
    }
  }
  std::vector<int> scales(graph.values.size(), -1);
  for (const Node& node : graph.nodes) {
    if (!node.layer || node.layer->kind != LayerKind::pointwise) continue;
    const std::size_t input = static_cast<std::size_t>(node.input);
    if (input < graph.input_count || readers[input] != 1) continue;
    const Node& before = graph.nodes[input - graph.input_count];
    if (before.kind == StepKind::channel_scale) scales[input] = before.second;
  }
  return scales;
}

}  // namespace

double Graph::multiply_adds() const {
  std::int64_t sum = 0;
  for (const Node& node : nodes) sum += node.layer ? node.layer->multiply_adds() : 0;
  return static_cast<double>(sum);
}

Graph graph_of(const Network& network, int image_size) {
  const Topology topology = network.topology(image_size);
  Random random(seed);
  Graph graph{network.name, 1, {square(image_size, topology.layers.begin()->input_channels)}, {}};
  for (const Step& step : topology.steps) {
    const Shape input = graph.shape(step.input);
    switch (step.kind) {
      case StepKind::layer: {
        const Layer& layer = topology.layers.begin()[step.layer];
        graph.nodes.push_back(layer_node(layer, step.input, step.second, random));
        graph.values.push_back(square(layer.output_size(), layer.output_channels));
        break;
      }
      case StepKind::global_pool:
        graph.nodes.push_back({step.kind, {}, {}, step.input, step.second});
        graph.values.push_back({input.batch, 1, 1, input.channels});
        break;
      case StepKind::channel_scale:
        graph.nodes.push_back({step.kind, {}, {}, step.input, step.second});
        graph.values.push_back(input);
        break;
    }
  }
  return graph;
}

Graph graph_of(const Layer& layer) {
  Random random(seed);
  const Shape output = square(layer.output_size(), layer.output_channels);
  Graph graph{"layer", 1, {square(layer.size, layer.input_channels)}, {}};
  if (layer.residual) graph.values.push_back(output);
  graph.input_count = graph.values.size();
  graph.nodes.push_back(layer_node(layer, 0, layer.residual ? 1 : -1, random));
  graph.values.push_back(output);
  return graph;
}

ArenaPlan plan_values(const Graph& graph, const std::vector<std::size_t>& bytes, InPlace in_place) {
  const std::vector<std::size_t> last = last_uses(graph);
  std::vector<Lifetime> storages(graph.input_count);  // an input has an empty one
  std::vector<std::size_t> storage_of(graph.values.size());
  for (std::size_t value = graph.input_count; value < graph.values.size(); ++value) {
    const std::size_t node = value - graph.input_count;
    const int replaced = replaceable(graph.nodes[node], in_place);
    if (replaced >= static_cast<int>(graph.input_count) && last[static_cast<std::size_t>(replaced)] == node) {
      storage_of[value] = storage_of[static_cast<std::size_t>(replaced)];
    } else {
      storage_of[value] = storages.size();
      storages.push_back({bytes[value], node, node});
    }
    storages[storage_of[value]].last = last[value];
  }
  ArenaPlan plan = plan_arena(storages);
  std::vector<std::size_t> offsets;
  for (const std::size_t storage : storage_of) offsets.push_back(plan.offsets[storage]);
  plan.offsets = std::move(offsets);
  return plan;
}

Graph with_scales_in_layers(Graph graph) {
  const std::vector<int> scales = scales_for_layers(graph);
  Graph result{graph.name, graph.input_count, {}, {}};
  result.values.assign(graph.values.begin(), graph.values.begin() + static_cast<std::ptrdiff_t>(graph.input_count));
  std::vector<int> number(graph.values.size(), -1);  // in the result; of an image that is left to scale, the image's
  std::iota(number.begin(), number.begin() + static_cast<std::ptrdiff_t>(graph.input_count), 0);
  const auto number_of = [&](int value) { return value < 0 ? -1 : number[static_cast<std::size_t>(value)]; };
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    Node& node = graph.nodes[i];
    const std::size_t value = graph.input_count + i;
    if (scales[value] >= 0) {
      number[value] = number_of(node.input);
      continue;
    }
    node.scale = number_of(scales[static_cast<std::size_t>(node.input)]);
    node.input = number_of(node.input);
    node.second = number_of(node.second);
    number[value] = static_cast<int>(result.values.size());
    result.values.push_back(graph.values[value]);
    result.nodes.push_back(std::move(node));
  }
  return result;
}

std::vector<std::vector<float>> inputs_for(const Graph& graph) {
  Random random(input_seed);
  std::vector<std::vector<float>> inputs;
  for (std::size_t i = 0; i < graph.input_count; ++i) {
    inputs.push_back(random.values(graph.values[i].count(), -1.0f, 1.0f));
  }
  return inputs;
}

}  // namespace sixfold::bench
