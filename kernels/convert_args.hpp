// A matrix to convert or to transpose.
#pragma once

#include <cstddef>

namespace sixfold {

// convert:   output[r * output_stride + c] = input[r * input_stride + c]
// transpose: output[c * output_stride + r] = input[r * input_stride + c]
struct ConvertArgs {
  const void* input;
  void* output;
  std::size_t rows;
  std::size_t columns;
  std::size_t input_stride;
  std::size_t output_stride;
};

}  // namespace sixfold
