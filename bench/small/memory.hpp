// How much more than its weights an operator holds.
#pragma once

#include <string>

#include "network_graph.hpp"
#include "precision.hpp"

namespace sixfold::bench {

// Of all layers, as their authors would store them in this type.
std::size_t weight_bytes(const Graph& graph, sixfold_type type);

// All that a layer's operator holds, over its weights and one fp32 bias a channel.
double memory_ratio(const Node& node, const std::string& backend, const Precision& precision);

struct LayerMemory {
  Layer layer;
  double ratio;
};

// Whether it has enough weights to matter: an operator of a hundred weights is mostly its own description.
bool is_heavy(const Node& node);

// The heavy layer that needs the most for its weights.
LayerMemory most_for_its_weights(const Graph& graph, const std::string& backend, sixfold_type type);

}  // namespace sixfold::bench
