// The matrix product behind pointwise, general and grouped convolution and fully connected layers:
//     out[m][n] = epilogue(bias[n] + sum over k of a[m][k] * b[k][n])
// for m output pixels and n output channels, each element one chain of fused multiply-adds in ascending k.
//
// The left operand is not one matrix: row m is `runs` pieces of `run_length` elements, wherever they lie. A pointwise layer
// has one run a pixel; a KxK layer one a kernel tap, or one a kernel row where the taps of a row lie side by side.
//
// Packed weights: panels of `tile_channels` output channels; in a panel, for each k in order, tile_channels values of the
// row's type. Channels that do not exist are zero.
#pragma once

#include <cstddef>

#include "row.hpp"

namespace sixfold {

struct GemmArgs {
  // Element k of pixel m lies at left[run * left_pitch + m][k - run * run_length]; of the row's type.
  const void* const* left;
  std::size_t left_pitch;
  std::size_t runs;
  std::size_t run_length;
  std::size_t pixels;

  const void* weights;  // the panels of channels `channel` to `channel + channels`
  const float* bias;    // one a channel, from `channel` on, readable to the end of the last panel
  std::size_t channel;
  std::size_t channels;

  void* out;  // pixel 0, channel `channel`; of the row's type
  std::size_t out_stride;
  const void* residual;
  std::size_t residual_stride;
  const EpilogueArgs* epilogue;

  void* scratch;  // gemm_scratch_bytes(), aligned to 64
};

// fp16 rows convert the left operand and one panel at a time to fp32 in scratch.
constexpr std::size_t gemm_scratch_bytes(Type type, std::size_t pixels, std::size_t depth, std::size_t tile_channels) {
  if (type == Type::fp32) return 0;
  const std::size_t row_floats = (depth + 15) / 16 * 16;
  return (pixels * row_floats + depth * tile_channels) * sizeof(float) + pixels * sizeof(void*) + 128;
}

}  // namespace sixfold
