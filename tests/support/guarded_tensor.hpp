// A sixfold_tensor in guarded memory, its gaps between channels and pixel_stride poisoned.
#pragma once

#include <sixfold/sixfold.h>

#include <vector>

#include "reference/image.hpp"
#include "support/guarded_buffer.hpp"

namespace sixfold::test {

// How a tensor lies in memory.
struct Layout {
  Placement placement = Placement::at_end;
  std::size_t gap = 0;   // pixel_stride - channels
  bool implied = false;  // without a gap: pixel_stride is given as 0
  sixfold_layout order = SIXFOLD_NHWC;
};

class GuardedTensor {
 public:
  // All elements NaN.
  GuardedTensor(const sixfold_tensor& shape, const Layout& layout);
  GuardedTensor(const reference::Image& image, const Layout& layout);

  const sixfold_tensor& view() const { return view_; }
  void make_read_only() { buffer_.make_read_only(); }
  reference::Image read() const;

  // Are the gaps, and the memory around, as they were?
  bool surroundings_untouched() const;

 private:
  void write(const reference::Image& image);
  std::size_t offset(std::size_t n, std::size_t y, std::size_t x, std::size_t c) const;

  sixfold_tensor view_;
  std::size_t stride_;
  sixfold_layout order_;
  GuardedBuffer buffer_;
};

// The values as an array of `type` in guarded memory; no memory for an empty array.
GuardedBuffer guarded_array(const std::vector<float>& values, sixfold_type type, Placement placement);

}  // namespace sixfold::test
