// How one run of a convolution is split. It is found once, together with the size of the workspace, which depends on it.
#pragma once

#include <cstddef>

namespace sixfold::operators {

// A matrix product's tile of work is a block of output pixels, one group, and a part of its panels.
struct GemmTiling {
  std::size_t pixels;  // of all images
  std::size_t unit;    // pixels; blocks consist of whole units
  std::size_t units;
  std::size_t blocks;
  std::size_t parts;  // into which the panels of a group are divided
  bool part_by_part;  // else block by block
  std::size_t tasks;
  std::size_t pointer_bytes;
  std::size_t copy_bytes;
  std::size_t task_bytes;  // of workspace, with the gap behind them
};

// A depthwise tile of work is one image, one block of channels, and a band of rows by a band of columns.
struct DepthwiseTiling {
  std::size_t block;  // channels
  std::size_t blocks;
  std::size_t row_bands;
  std::size_t columns;  // of a band
  std::size_t column_bands;
  bool block_by_block;  // else band by band
  std::size_t tasks;
  std::size_t task_bytes;  // of workspace, with the gap behind them
};

union Tiling {
  GemmTiling gemm;
  DepthwiseTiling depthwise;
};

}  // namespace sixfold::operators
