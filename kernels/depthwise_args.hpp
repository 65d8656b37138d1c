// Depthwise convolution of one block of output channels over a rectangle of output pixels.
//
// What a window has in common with the one above it is read from a strip in L1, in the format that the kernel computes in and
// with the padding in it: each input element is converted once, and pixels that lie a power of two apart do not push one another
// out of the cache. Rows that no window has read yet are read where they are, by one pointer a pixel (padding points to zeros),
// and go into the strip on the way: to copy them beforehand would leave the multiply-add units idle meanwhile.
//
// Windows without a kernel of their own are read by such pointers alone, and so are others where that is faster: see has_strip().
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

  bool skips_padding;  // taps in the padding may be left out: the row can, and their products are zeros

  void* scratch;  // depthwise_scratch_bytes(), aligned to 64
};

// How many of them are computed. They are in tiles of `tile`; the last one may be half as wide, and may compute columns that
// are not stored.
[[gnu::always_inline]] constexpr std::size_t depthwise_computed_columns(std::size_t columns, std::size_t tile) {
  const std::size_t rest = columns < tile ? columns : columns % tile;
  const std::size_t half = (tile + 1) / 2;
  return columns - rest + (rest == 0 ? 0 : rest <= half ? half : tile);
}

// Columns of the input that a row of outputs needs, padding included.
// Inlined everywhere, so that no object shares its code.
[[gnu::always_inline]] constexpr std::size_t depthwise_input_columns(const DepthwiseArgs& args, std::size_t tile) {
  const std::size_t computed = depthwise_computed_columns(args.column_end - args.column_begin, tile);
  return (computed - 1) * args.stride_width + (args.kernel_width - 1) * args.dilation_width + 1;
}

// The parts of a kernel's scratch, and the byte at which each begins.
struct DepthwiseScratch {
  std::size_t columns;     // depthwise_input_columns()
  std::size_t strip_rows;  // a ring, each [channel vector][column][lane]
  bool copies;  // some input is not read where it is, but from a copy: an incomplete vector, multiplied channels

  std::size_t pixels;       // a pointer a column, for each kernel row
  std::size_t copy_pixels;  // the same, to the copies
  std::size_t strip;
  std::size_t weights;  // converted
  std::size_t nothing;  // a pixel of zeros
  std::size_t copied;   // [kernel row][column][copied_channels]
  std::size_t copied_channels;
  std::size_t bytes;
};

// `strip`: the row's, see WindowShape. `vector` is the row's tile_channels.
// Inlined everywhere, so that no object shares its code.
[[gnu::always_inline]] constexpr DepthwiseScratch lay_out_depthwise(const DepthwiseArgs& args, bool strip,
                                                                    std::size_t tile, std::size_t vector, Type type) {
  DepthwiseScratch s{};
  s.columns = depthwise_input_columns(args, tile);
  s.strip_rows = strip ? args.kernel_height : 0;
  const std::size_t channels = (args.channels + vector - 1) & ~(vector - 1);  // a power of two
  s.copies = args.multiplier != 1 || args.channels != channels;
  s.copied_channels = !s.copies ? 0 : args.multiplier != 1 ? channels : vector;

  auto add = [&](std::size_t bytes) {
    const std::size_t at = s.bytes;
    s.bytes += (bytes + 63) / 64 * 64;  // a vector that lies across two cache lines takes two loads
    return at;
  };
  const std::size_t pointers = args.kernel_height * s.columns;
  s.pixels = add(pointers * sizeof(void*));
  s.copy_pixels = add(s.copies ? pointers * sizeof(void*) : 0);
  s.strip = add(s.strip_rows * s.columns * channels * sizeof(float));
  s.weights = add(type == Type::fp32 ? 0 : args.kernel_height * args.kernel_width * channels * sizeof(float));
  s.nothing = add(channels * size_of(type));
  s.copied = add(pointers * s.copied_channels * size_of(type));
  return s;
}

}  // namespace sixfold
