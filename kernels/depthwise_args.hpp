// Depthwise convolution of one block of output channels over a rectangle of output pixels.
//
// The kernel copies the input rows that it needs into a strip of fp32 rows in L1, padding included, and computes from there:
// each input element is converted once, the caller's pixel stride and the padding cost nothing in the inner loop, and all its
// addresses are constants off one pointer a row. A block has as many channels as the cache holds, so that the work on one row
// is long enough for its loops to pay.
//
// Packed weights: groups of `tile_channels` (one vector) output channels; in a group, for each kernel row and column in order,
// tile_channels values of the row's type. Channels that do not exist are zero.
#pragma once

#include <cstddef>

#include "row.hpp"

namespace sixfold {

struct DepthwiseArgs {
  const void* input;  // one image: pixel 0, channel 0; of the row's type
  std::size_t height;
  std::size_t width;
  std::size_t input_stride;  // elements between pixels
  std::size_t multiplier;    // output channel c reads input channel c / multiplier

  std::size_t kernel_height;
  std::size_t kernel_width;
  std::size_t stride_height;
  std::size_t stride_width;
  std::size_t dilation_height;
  std::size_t dilation_width;
  std::size_t pad_top;
  std::size_t pad_left;

  const void* weights;   // of this block
  const float* bias;     // of this block, readable to the next multiple of tile_channels
  std::size_t channel;   // the block's first output channel, a multiple of tile_channels
  std::size_t channels;  // of the block

  void* out;  // the image's pixel 0, channel `channel`
  std::size_t output_width;
  std::size_t output_stride;
  const void* residual;
  std::size_t residual_stride;
  const EpilogueArgs* epilogue;

  std::size_t row_begin;  // the rectangle
  std::size_t row_end;
  std::size_t column_begin;
  std::size_t column_end;

  void* scratch;  // depthwise_scratch_bytes(), aligned to 64
};

// How many strip columns `columns` output columns need.
constexpr std::size_t depthwise_strip_columns(std::size_t columns, std::size_t kernel, std::size_t stride,
                                              std::size_t dilation) {
  return (columns - 1) * stride + (kernel - 1) * dilation + 1;
}

// Rows are kept until the window has passed them; one more row is all zeros.
constexpr std::size_t depthwise_strip_rows(std::size_t kernel, std::size_t dilation) {
  return (kernel - 1) * dilation + 2;
}

// The strip follows a pointer a kernel row, at the next cache line: a vector that lies across two lines takes two loads.
constexpr std::size_t depthwise_pointers_bytes(std::size_t kernel_height) {
  return (kernel_height * sizeof(void*) + 63) / 64 * 64;
}

// `channels` is a multiple of tile_channels.
constexpr std::size_t depthwise_scratch_bytes(Type type, std::size_t strip_rows, std::size_t strip_columns,
                                              std::size_t taps, std::size_t kernel_height, std::size_t channels) {
  const std::size_t converted_weights = type == Type::fp32 ? 0 : taps;
  return depthwise_pointers_bytes(kernel_height) +
         (strip_rows * strip_columns + converted_weights) * channels * sizeof(float);
}

}  // namespace sixfold
