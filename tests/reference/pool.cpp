#include "pool.hpp"

#include <cmath>
#include <limits>

namespace sixfold::reference {

namespace {

// One direction of a window.
struct Axis {
  std::size_t in, kernel, stride, dilation, before, after;

  std::size_t extent() const { return dilation * (kernel - 1) + 1; }
  std::ptrdiff_t position(std::size_t out, std::size_t k) const {
    return static_cast<std::ptrdiff_t>(out * stride + k * dilation) - static_cast<std::ptrdiff_t>(before);
  }
  bool in_image(std::ptrdiff_t p) const { return p >= 0 && p < static_cast<std::ptrdiff_t>(in); }
  bool in_padded(std::ptrdiff_t p) const {
    return p >= -static_cast<std::ptrdiff_t>(before) && p < static_cast<std::ptrdiff_t>(in + after);
  }
  std::size_t out(bool ceil_mode) const {
    const std::size_t slack = in + before + after - extent();
    if (!ceil_mode) return slack / stride + 1;
    const std::size_t size = (slack + stride - 1) / stride + 1;
    // A window that starts beyond the image and its leading padding is dropped.
    return (size - 1) * stride >= in + before ? size - 1 : size;
  }
};

float average_or_max(const sixfold_pool_desc& desc, const Axis& rows, const Axis& columns, const Image& input,
                     std::size_t n, std::size_t y, std::size_t x, std::size_t c) {
  float largest = -std::numeric_limits<float>::infinity();
  float sum = 0.0f;
  bool any_nan = false;
  std::size_t count = 0;
  for (std::size_t ky = 0; ky < rows.kernel; ++ky) {
    for (std::size_t kx = 0; kx < columns.kernel; ++kx) {
      const std::ptrdiff_t row = rows.position(y, ky);
      const std::ptrdiff_t column = columns.position(x, kx);
      const bool inside = rows.in_image(row) && columns.in_image(column);
      const bool counted = desc.count_include_pad != 0 ? rows.in_padded(row) && columns.in_padded(column) : inside;
      if (counted) ++count;
      if (!inside) continue;
      const float value = input.at(n, static_cast<std::size_t>(row), static_cast<std::size_t>(column), c);
      any_nan = any_nan || std::isnan(value);
      if (value > largest) largest = value;
      sum = sum + value;
    }
  }
  if (any_nan) return std::numeric_limits<float>::quiet_NaN();
  return desc.kind == SIXFOLD_MAX_POOL ? largest : sum / static_cast<float>(count);
}

}  // namespace

Expected pool(const sixfold_pool_desc& given, const Image& input) {
  sixfold_pool_desc desc = given;
  if (desc.kind == SIXFOLD_GLOBAL_AVERAGE_POOL) {
    desc = sixfold_pool_desc_default();
    desc.kind = SIXFOLD_AVERAGE_POOL;
    desc.kernel_height = input.height;
    desc.kernel_width = input.width;
  }
  const Axis rows{input.height,         desc.kernel_height, desc.stride_height,
                  desc.dilation_height, desc.pad_top,       desc.pad_bottom};
  const Axis columns{input.width,         desc.kernel_width, desc.stride_width,
                     desc.dilation_width, desc.pad_left,     desc.pad_right};
  Expected output;
  output.type = input.type;
  output.batch = input.batch;
  output.height = rows.out(desc.ceil_mode != 0);
  output.width = columns.out(desc.ceil_mode != 0);
  output.channels = input.channels;
  for (std::size_t n = 0; n < output.batch; ++n) {
    for (std::size_t y = 0; y < output.height; ++y) {
      for (std::size_t x = 0; x < output.width; ++x) {
        for (std::size_t c = 0; c < output.channels; ++c) {
          output.values.push_back(exactly(stored(output.type, average_or_max(desc, rows, columns, input, n, y, x, c))));
        }
      }
    }
  }
  return output;
}

}  // namespace sixfold::reference
