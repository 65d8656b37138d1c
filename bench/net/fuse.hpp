// Merging layers into the fused operators of the library.
#ifndef SIXFOLD_BENCH_NET_FUSE_HPP
#define SIXFOLD_BENCH_NET_FUSE_HPP

#include "layer.hpp"

namespace sixfold::net {

// Takes into each convolution or matrix product what follows it: batch norm or any scale and shift, an activation, the
// addition of a residual, in whatever order the library can do; and the padding before it. Additions and products of
// images take in an activation. A value that something else reads, or that is an output of the network, is never fused
// away. A scale and shift that stays alone becomes a depthwise 1x1 convolution.
void fuse(LayerGraph& graph);

// Only what cannot run by itself: padding goes into its convolution, a scale and shift becomes one. For running each
// node by itself.
void fuse_only_what_must_be(LayerGraph& graph);

}  // namespace sixfold::net

#endif
