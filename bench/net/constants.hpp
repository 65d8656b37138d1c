// Evaluating nodes whose inputs are all known before the network runs: mostly the shape arithmetic that exporters leave
// behind.
#ifndef SIXFOLD_BENCH_NET_CONSTANTS_HPP
#define SIXFOLD_BENCH_NET_CONSTANTS_HPP

#include <optional>
#include <vector>

#include "graph.hpp"

namespace sixfold::net {

// The value of node's only output, or nothing if this node's type cannot be evaluated. A NULL input is one that is left
// out.
std::optional<Constant> evaluate(const Node& node, const std::vector<const Constant*>& inputs);

// Permutes dimensions: dimension i of the result is dimension order[i] of the input.
Constant transpose(const Constant& input, const std::vector<int64_t>& order);

// The shape that a Reshape node asks for: 0 copies (unless `zero_is_zero`), one -1 is what remains.
Dims reshaped(const Node& node, const Dims& from, const std::vector<int64_t>& wanted);

// The shape after removing dimensions of size 1 (all of them, if axes is empty) or inserting them.
Dims squeezed(const Node& node, const Dims& from, const std::vector<int64_t>& axes);
Dims unsqueezed(const Node& node, const Dims& from, const std::vector<int64_t>& axes);

// Counts a negative axis from the end.
size_t normal_axis(const Node& node, int64_t axis, size_t rank);

}  // namespace sixfold::net

#endif
