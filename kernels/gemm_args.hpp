// The matrix product behind pointwise, general and grouped convolution and fully connected layers:
//     out[m][n] = epilogue(bias[n] + sum over k of a[m][k] * b[k][n])
// for m output pixels and n output channels, each element one chain of fused multiply-adds in ascending k.
//
// The left operand is not one matrix: row m is `runs` pieces of `run_length` elements, wherever they lie. A pointwise layer
// has one run a pixel; a KxK layer one a kernel tap, or one a kernel row where the taps of a row lie side by side.
//
// Packed weights: panels of `tile_channels` output channels; in a panel, for each k in order, packed_channels() values of the
// row's type. Channels that do not exist are zero. Kernels read whole vectors: behind the last panel, tile_channels more values
// must be readable, and should not be denormal.
#pragma once

#include <cstddef>

#include "row.hpp"

namespace sixfold {

// Where vectors are wide, the last panel is packed narrower than they are: 40 channels would else take as much memory as 48, or
// with 32 lanes as 64. What a kernel then computes of the next k's values is not stored.
inline constexpr std::size_t packed_multiple = 8;

// How many channels a panel is packed for, if `left` ones are left for it and those after it. `lanes` is a vector's.
// Inlined everywhere, so that no object shares its code.
[[gnu::always_inline]] constexpr std::size_t packed_channels(std::size_t left, std::size_t tile_channels,
                                                             std::size_t lanes) {
  if (lanes <= packed_multiple || left >= tile_channels) return tile_channels;
  return (left + packed_multiple - 1) / packed_multiple * packed_multiple;
}

struct GemmArgs {
  // Element k of run r of pixel m lies at left[r * left_pitch + m][r * run_step + k]; of the row's type. Either a pixel has a
  // pointer for each run, and run_step is 0, or one for all, and left_pitch is 0.
  const void* const* left;
  std::size_t left_pitch;
  std::size_t run_step;
  std::size_t runs;
  std::size_t run_length;
  std::size_t left_step;  // elements from each pixel's run to the next one's, if it is the same for all; 0 if not known
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

  // For rows that convert, where calls share their scratch: what the calls before have left there. `right_scratch` is where
  // this call's panels are to be; NULL: behind the pixels.
  void* right_scratch;
  bool left_ready;
  bool right_ready;
};

// How an fp16 row goes through a product: it converts both operands to fp32 in scratch, `pixels` and `panels` at a time.
struct HalfBlocking {
  std::size_t pixels;
  std::size_t panels;
};

inline constexpr std::size_t half_panels_bytes = 128 * 1024;

// So many pixels are converted to floats at a time that they stay in L1, and at least full tiles for every tile height in use.
constexpr std::size_t resident_portion(std::size_t pixels, std::size_t depth) {
  constexpr std::size_t bytes = 12 * 1024;
  constexpr std::size_t multiple = 24;
  const std::size_t fitting = bytes / (depth * sizeof(float)) / multiple * multiple;
  const std::size_t portion = fitting == 0 ? multiple : fitting;
  return portion < pixels ? portion : pixels;
}

// Few panels are converted once and stay, while portions of pixels pass by. Many panels would not fit: each is converted when
// it is its turn, and all pixels stay.
// Inlined everywhere, so that no object shares its code.
[[gnu::always_inline]] constexpr HalfBlocking half_blocking(std::size_t pixels, std::size_t depth, std::size_t panels,
                                                            std::size_t tile_channels) {
  if (panels * depth * tile_channels * sizeof(float) > half_panels_bytes) return {pixels, 1};
  return {resident_portion(pixels, depth), panels};
}

// Converted floats start at a cache line: a vector that lies across two takes two loads.
constexpr std::size_t half_line_floats(std::size_t floats) { return (floats + 15) / 16 * 16; }

// A pointer a run of each converted pixel.
constexpr std::size_t half_pointers_bytes(std::size_t pixels, std::size_t runs) {
  return (pixels * runs * sizeof(void*) + 63) / 64 * 64;
}

constexpr std::size_t half_pixels_bytes(std::size_t pixels, std::size_t runs, std::size_t run_length) {
  return half_pointers_bytes(pixels, runs) + pixels * runs * half_line_floats(run_length) * sizeof(float);
}

// For a product of up to `pixels` pixels, with any number of panels of up to `tile_channels` channels.
constexpr std::size_t gemm_scratch_bytes(const KernelRow& row, std::size_t pixels, std::size_t runs,
                                         std::size_t run_length, std::size_t tile_channels) {
  if (row.type == row.operands) return 0;
  const std::size_t depth = runs * run_length;
  const std::size_t few_panels =
      half_pixels_bytes(resident_portion(pixels, depth), runs, run_length) + half_panels_bytes;
  const std::size_t many_panels = half_pixels_bytes(pixels, runs, run_length) + depth * tile_channels * sizeof(float);
  return few_panels > many_panels ? few_panels : many_panels;
}

}  // namespace sixfold
