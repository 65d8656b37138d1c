#include "network_graph.hpp"

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

std::vector<std::vector<float>> inputs_for(const Graph& graph) {
  Random random(input_seed);
  std::vector<std::vector<float>> inputs;
  for (std::size_t i = 0; i < graph.input_count; ++i) {
    inputs.push_back(random.values(graph.values[i].count(), -1.0f, 1.0f));
  }
  return inputs;
}

}  // namespace sixfold::bench
