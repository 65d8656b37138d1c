// Activations that exporters spell out in several nodes, brought back to one node each.
#ifndef SIXFOLD_BENCH_NET_SPELLED_HPP
#define SIXFOLD_BENCH_NET_SPELLED_HPP

#include <optional>
#include <utility>

#include "graph.hpp"

namespace sixfold::net {

// Replaces, wherever the values in between are used nowhere else:
//   x * clip(x + 3, 0, 6) / 6, in either order of * and /, and x * HardSigmoid(x; 1/6, 1/2)   ->  HardSwish
//   clip(x + 3, 0, 6) / 6                                                                     ->  HardSigmoid
//   x * Sigmoid(x)                                                                            ->  Swish
//   x * Tanh(Softplus(x))                                                                     ->  Mish
//   x * (Erf(x / sqrt 2) + 1) / 2, in any order                                               ->  Gelu
void recognise_spelled_activations(Graph& graph);

// The bounds of a Clip node, from attributes or constant inputs; nothing if they are not known.
std::optional<std::pair<float, float>> clip_bounds(const Graph& graph, const Node& node);

}  // namespace sixfold::net

#endif
