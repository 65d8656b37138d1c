// Splits the output channels of a matrix product into panels: the cost model that chooses register tiles.
#pragma once

#include <cstddef>

#include "operator.hpp"

namespace sixfold::operators {

// Neighbouring channels that one kernel computes.
struct Segment {
  const KernelRow* row;
  std::size_t channel;   // the first, within the group
  std::size_t channels;  // that exist
  std::size_t panels;    // of row->tile_channels channels each; the last may be wider than what exists
};

struct Segments {
  Segment items[2];
  std::size_t count;
  std::size_t padded_channels;  // of all panels
};

// Chooses at most two kernels among the rows that fit, so that the estimated time is least. count is 0 if none fits.
Segments choose_segments(const Options& options, const RowQuery& query, std::size_t channels);

// Estimated cycles of a tile for one step of depth, divided by its pixels.
double panel_cost(const KernelRow& row);

}  // namespace sixfold::operators
