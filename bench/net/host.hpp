// What the library does not do: a few small things, done in the tool, in fp32, on values in the order of ONNX.
#ifndef SIXFOLD_BENCH_NET_HOST_HPP
#define SIXFOLD_BENCH_NET_HOST_HPP

#include <variant>
#include <vector>

#include "layer.hpp"

namespace sixfold::net {

using HostOperation = std::variant<std::monostate, Transpose, Softmax, Upsample, DepthToSpace>;

// `values` have the shape `dims`; the result has the shape that lowering gave the layer.
std::vector<float> apply(const HostOperation& operation, std::vector<float> values, const Dims& dims);

}  // namespace sixfold::net

#endif
