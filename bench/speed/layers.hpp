// The distinct layers of all networks, and how often each network runs them.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "networks.hpp"

namespace sixfold::bench {

struct DistinctLayer {
  Layer layer;
  std::array<int, network_count> uses;  // in the order of `networks`
};

// In the order of their first use. Layers are the same if shape, activation and residual are.
std::vector<DistinctLayer> distinct_layers();

// One small layer of each kernel size, stride and kind: for a quick look, and for backends that would take minutes.
std::vector<DistinctLayer> sample_of(const std::vector<DistinctLayer>& layers);

std::string title_of(const Layer& layer);                  // "dw 5x5/2 hswish"
std::string shape_of(const Layer& layer);                  // "28x28x72 > 14x14x72"
std::string identifier_of(const Layer& layer);             // for names of benchmarks: no blanks
std::string uses_of(const DistinctLayer& distinct_layer);  // "v1:5 v3l"

}  // namespace sixfold::bench
