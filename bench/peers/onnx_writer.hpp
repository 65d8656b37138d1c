// A graph as an ONNX file, for other runtimes: batch norm folded, otherwise node for node what the tables say.
#pragma once

#include <string>

#include "network_graph.hpp"

namespace sixfold::bench {

// Throws std::runtime_error if the file cannot be written.
void write_onnx(const Graph& graph, const std::string& path);

}  // namespace sixfold::bench
