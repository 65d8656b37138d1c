// A block of pixels of an elementwise operator.
#pragma once

#include <cstddef>

#include "row.hpp"

namespace sixfold {

struct ElementwiseArgs {
  const void* a;
  const void* b;  // not looked at by activate
  void* output;   // may be a or b
  std::size_t pixels;
  std::size_t channels;
  std::size_t channel;   // number of the first one, for per-channel arguments
  std::size_t a_stride;  // elements from one pixel to the next
  std::size_t b_stride;  // 0: one pixel for all
  std::size_t output_stride;
  const EpilogueArgs* epilogue;  // without residual
};

}  // namespace sixfold
