// Factors on a convolution's input channels, as squeeze-and-excite has them. They are multiplied to a few pixels at a time, in
// the workspace, just before the matrix product reads these: no image is written and read again.
#pragma once

#include <cstddef>

#include "operator.hpp"

namespace sixfold::operators {

struct InputScale {
  const KernelRow* row;  // of the multiplication; NULL: no factors
  EpilogueArgs epilogue;
};

// The multiplication for tensors of `type`. Its row is NULL after describing the failure.
InputScale find_input_scale(const Options& options, sixfold_type type, sixfold_error* error);

// Pixels `first` to first + count of the input, counted over all images, and of each, channels `channel` to channel + channels.
struct ScaledPixels {
  std::size_t first;
  std::size_t count;
  std::size_t channel;
  std::size_t channels;
};

// Writes the pixels times their image's factors, densely. `factors`: one pixel an image, or one for all.
void scale_pixels(const InputScale& scale, const Tensor& input, const Tensor& factors, const ScaledPixels& pixels,
                  unsigned char* to);

}  // namespace sixfold::operators
