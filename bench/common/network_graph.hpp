// A network or a single layer with its weights: what this library and its peers are given to run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "arena.hpp"
#include "layer_parameters.hpp"
#include "networks.hpp"
#include "tensor.hpp"

namespace sixfold::bench {

struct Node {
  StepKind kind;
  std::optional<Layer> layer;  // of StepKind::layer
  std::optional<LayerParameters> parameters;
  int input;       // a value
  int second;      // the residual image, or the factors; -1 for none
  int scale = -1;  // of a layer: factors for its input's channels
};

// Values are numbered: first the inputs, then what the nodes compute, in their order. The last is the output.
struct Graph {
  std::string name;
  std::size_t input_count;
  std::vector<Shape> values;
  std::vector<Node> nodes;

  int value_of(std::size_t node) const { return static_cast<int>(input_count + node); }
  const Shape& shape(int value) const { return values[static_cast<std::size_t>(value)]; }
  double multiply_adds() const;
};

Graph graph_of(const Network& network, int image_size);
// A layer that has a residual gets it as its second input.
Graph graph_of(const Layer& layer);

// The same with each StepKind::channel_scale that only a pointwise layer reads left to that layer.
Graph with_scales_in_layers(Graph graph);

// Seeded inputs, as fp32, in NHWC.
std::vector<std::vector<float>> inputs_for(const Graph& graph);

// Which outputs may take the place of an input that nobody reads any more.
enum class InPlace { scales, residuals_and_scales };

// Places for the values of a graph, of these sizes, but for its inputs, which are the caller's.
ArenaPlan plan_values(const Graph& graph, const std::vector<std::size_t>& bytes, InPlace in_place);

}  // namespace sixfold::bench
