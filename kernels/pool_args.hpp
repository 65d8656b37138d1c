// One output row of a pooling operator.
#pragma once

#include <cstddef>

namespace sixfold {

// Only taps inside the image are visited. The operator has done so for the rows; the kernel does it for each column.
struct PoolArgs {
  const void* input;  // column 0 of the first image row that the window touches
  void* output;       // the first output pixel
  std::size_t channels;
  std::size_t columns;       // of the output
  std::size_t rows;          // tap rows inside the image
  std::size_t row_step;      // elements from one tap row to the next
  std::size_t input_stride;  // elements from one pixel to the next
  std::size_t output_stride;
  std::size_t input_width;
  std::size_t kernel_width;
  std::size_t stride_width;
  std::size_t dilation_width;
  std::size_t pad_left;
  std::size_t counted_rows;   // count_include_pad: tap rows inside the padded image
  std::size_t counted_width;  // count_include_pad: of the padded image; 0 to count taps inside the image only
};

// How many of a window's taps, the first at `start`, lie before `end`. Inlined everywhere, so that no object shares its code.
[[gnu::always_inline]] inline std::size_t pool_taps_before(std::size_t kernel, std::size_t dilation, std::size_t start,
                                                           std::size_t end) {
  if (start >= end) return 0;
  if (start + (kernel - 1) * dilation < end) return kernel;
  return (end - start - 1) / dilation + 1;
}

}  // namespace sixfold
