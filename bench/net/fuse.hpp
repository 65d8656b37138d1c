// Merging layers into the fused operators of the library.
#ifndef SIXFOLD_BENCH_NET_FUSE_HPP
#define SIXFOLD_BENCH_NET_FUSE_HPP

#include "layer.hpp"

namespace sixfold::net {

// Takes into each convolution or matrix product what follows it: batch norm or any scale and shift, an activation, the addition of
// a residual, in whatever order the library can do; and the padding before it. Additions and products of images take in an
// activation. A value that something else reads, or that is an output of the network, is never fused away.
// A scale and shift that stays alone becomes a depthwise 1x1 convolution.
void fuse(LayerGraph& graph);

// Only the last of these: for running each node by itself.
void make_scales_convolutions(LayerGraph& graph);

}  // namespace sixfold::net

#endif
