// A convolution as a matrix product: conv_gemm_create.cpp makes it, conv_gemm.cpp runs it.
#pragma once

#include <cstddef>

#include "conv.hpp"
#include "input_scale.hpp"
#include "left_rows.hpp"
#include "panels.hpp"

namespace sixfold::operators {

struct GemmConv : Conv {
  Segments segments;
  std::size_t panels;  // of all segments
  std::size_t widest_panel;
  WindowRuns runs;
  std::size_t depth;
  std::size_t group_inputs;
  std::size_t group_outputs;
  bool pointwise;
  std::size_t most_pixels;   // of a block
  double cycles_of_pixel;    // estimated
  double cycles_of_weights;  // to fetch them
  InputScale scale;
  std::size_t weights;  // offsets
  std::size_t bias;
  std::size_t zeros;
  std::size_t group_weights;  // elements of one group's panels
};

extern const OperatorClass gemm_class;

// Fills in how many pixels a block has, and the cycles. `all_weights`: how many there are, packed, of all groups.
void estimate(GemmConv& conv, std::size_t all_weights);

}  // namespace sixfold::operators
