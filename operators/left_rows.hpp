// Finds the left operand of a convolution's matrix product: pointers to the input elements of every output pixel. Nothing is
// copied but the few windows that hang over the image's edge, and windows whose rows are too short to be worth a run each.
#pragma once

#include <cstddef>

#include "conv.hpp"

namespace sixfold::operators {

// How a window becomes runs; see gemm_args.hpp.
struct WindowRuns {
  bool merged;  // a run is a whole kernel row, else one tap
  bool copied;  // merged, though the row's elements do not lie side by side: every window is copied
  std::size_t runs;
  std::size_t run_length;
};

// All but `copied`, which depends on the image.
WindowRuns choose_runs(const ConvShape& shape);
bool must_be_copied(const WindowRuns& runs, const ConvShape& shape, const Tensor& input);

struct LeftRows {
  const ConvShape* shape;
  const Tensor* input;
  std::size_t output_height;
  std::size_t output_width;
  WindowRuns runs;
  bool pointwise;  // the shape's is_pointwise()
  std::size_t group;
  std::size_t channels;        // of a group's input
  std::size_t run_step;        // 0, or what shared_run_step() has given
  const unsigned char* zeros;  // a run of zeros
  const void** pointers;       // [run][pixel - first]; [pixel - first] if there is a run_step
  unsigned char* copies;       // [pixel - first][run], if windows may be copied
  std::size_t copy_bytes;
};

// Where all windows of `count` pixels from `first` on lie between the image's upper and lower edge, one pointer serves all
// runs of a window: elements from each run to the next. Else, and where a run is not a kernel row read where it is, 0.
std::size_t shared_run_step(const LeftRows& left, std::size_t first, std::size_t count);

// Fills in the pointers of `count` output pixels from `first` on, counted over all images.
void fill_left_rows(const LeftRows& left, std::size_t first, std::size_t count);

}  // namespace sixfold::operators
