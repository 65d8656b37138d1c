// What the epilogue makes of the bounds of a finished sum.
#pragma once

#include "range_chain.hpp"

namespace sixfold::operators {

// The epilogue of one output channel.
struct ChannelEpilogue {
  sixfold_activation activation;  // for PReLU, slopes points to the channel's own
  sixfold_residual residual_position;
  Ends residual;
  bool scales;  // after the activation
  float scale;
  float shift;
  sixfold_type type;  // of the stored output
};

struct OutputBounds {
  Ends value;    // as stored
  double error;  // of that
};

OutputBounds finish(const ChannelEpilogue& epilogue, const ChainBounds& chain);

}  // namespace sixfold::operators
