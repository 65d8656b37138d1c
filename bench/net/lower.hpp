// From ONNX nodes to layers: the operator mapping.
#ifndef SIXFOLD_BENCH_NET_LOWER_HPP
#define SIXFOLD_BENCH_NET_LOWER_HPP

#include <map>
#include <string>
#include <vector>

#include "graph.hpp"
#include "layer.hpp"

namespace sixfold::net {

// Makes one layer (or a few) of each node, for these input shapes, and evaluates what is constant.
// A node that cannot be mapped is an Error which names the node and its type.
LayerGraph lower(const Graph& graph, const std::map<std::string, Dims>& input_dims);

// The ONNX node types that lower() knows.
std::vector<std::string> supported_node_types();

}  // namespace sixfold::net

#endif
