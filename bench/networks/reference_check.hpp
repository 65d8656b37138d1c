// Whether a graph's values are those of the naive reference of the tests, and of another run.
#pragma once

#include <reference/image.hpp>
#include <string>
#include <vector>

#include "graph_runner.hpp"
#include "network_graph.hpp"

namespace sixfold::bench {

// What each node of a graph computed in one run.
std::vector<reference::Image> recorded_values(GraphRunner& runner);

// Whether the reference, given the same values that each node was given, computes what was recorded. Where only a bound on the
// error is promised, as for hard-swish, any value within it will do. Returns where and how the first difference lies; empty for
// none.
std::string difference_from_reference(const Graph& graph, const std::vector<std::vector<float>>& inputs,
                                      const Precision& precision, const std::vector<reference::Image>& recorded);

// The same for two runs, which must be equal value for value.
std::string difference(const std::vector<reference::Image>& recorded, const std::vector<reference::Image>& other);

}  // namespace sixfold::bench
