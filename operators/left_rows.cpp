#include "left_rows.hpp"

#include <cstdint>
#include <cstring>

namespace sixfold::operators {
namespace {

// Below this many channels a run a tap spends its time on pointers; from here on it does not.
constexpr std::size_t merge_below_channels = 32;

// Part of one output row.
struct Span {
  std::size_t image;
  std::size_t y;
  std::size_t x;
  std::size_t count;
  std::size_t slot;  // of the first pixel in the pointer table
};

using Addresses [[gnu::vector_size(2 * sizeof(std::uintptr_t))]] = std::uintptr_t;

// Points to[0..count] to every `step`th byte from `from` on. Two at an addition: in layers of few channels, pointers take as
// long as a tenth of the arithmetic.
void point_in_steps(const void** to, std::size_t count, const unsigned char* from, std::size_t step) {
  const std::uintptr_t first = reinterpret_cast<std::uintptr_t>(from);
  Addresses even = {first, first + step};
  Addresses odd = even + 2 * step;
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4, even += 4 * step, odd += 4 * step) {
    std::memcpy(to + i, &even, sizeof even);
    std::memcpy(to + i + 2, &odd, sizeof odd);
  }
  for (; i < count; ++i) to[i] = from + i * step;
}

class SpanFiller {
 public:
  SpanFiller(const LeftRows& left, std::size_t pixels)
      : left_(left),
        shape_(*left.shape),
        input_(*left.input),
        pixels_(pixels),
        element_(element_bytes(input_.type)),
        group_bytes_(left.group * shape_.group_inputs() * element_),
        tap_bytes_(shape_.group_inputs() * element_) {}

  // All pixels of a pointwise convolution, from `first` on.
  void fill_pointwise(std::size_t first) const {
    const std::size_t step = input_.pixel_stride * element_;
    const unsigned char* from = static_cast<const unsigned char*>(input_.data) + first * step + group_bytes_;
    point_in_steps(left_.pointers, pixels_, from, step);
  }

  void fill(const Span& span) const {
    for (std::size_t ky = 0; ky < shape_.kernel_height; ++ky) {
      const std::size_t y = span.y * shape_.stride_height + ky * shape_.dilation_height;  // from the top of the padding
      const bool inside = y >= shape_.pad_top && y - shape_.pad_top < input_.height;
      const unsigned char* row = inside ? row_of(span.image, y - shape_.pad_top) : nullptr;
      if (left_.runs.merged) {
        fill_kernel_row(span, ky, row);
      } else {
        for (std::size_t kx = 0; kx < shape_.kernel_width; ++kx) fill_tap(span, ky * shape_.kernel_width + kx, kx, row);
      }
    }
  }

 private:
  const unsigned char* row_of(std::size_t image, std::size_t y) const {
    const std::size_t pixel = (image * input_.height + y) * input_.width;
    return static_cast<const unsigned char*>(input_.data) + pixel * input_.pixel_stride * element_ + group_bytes_;
  }

  const void** slots(const Span& span, std::size_t run) const { return left_.pointers + run * pixels_ + span.slot; }

  // Output columns of the span, as a range.
  struct Columns {
    std::size_t begin;
    std::size_t end;
  };

  // The columns x for which the input column x * stride + offset - pad_left and the `reach` columns after it exist.
  Columns inside(const Span& span, std::size_t offset, std::size_t reach) const {
    const std::size_t stride = shape_.stride_width;
    const std::size_t limit = input_.width + shape_.pad_left;
    const std::size_t begin = offset >= shape_.pad_left ? 0 : ceil_div(shape_.pad_left - offset, stride);
    const std::size_t end = limit <= offset + reach ? 0 : ceil_div(limit - offset - reach, stride);
    const std::size_t last = span.x + span.count;
    const std::size_t first_inside = min_of(max_of(begin, span.x), last);
    return {first_inside, min_of(max_of(end, first_inside), last)};
  }

  // Pointers from `column` of the image row on, one a window.
  void fill_inside(const void** to, const Columns& columns, std::size_t offset, const unsigned char* row) const {
    if (columns.begin == columns.end) return;
    const std::size_t pixel = input_.pixel_stride * element_;
    const std::size_t step = shape_.stride_width * pixel;
    const unsigned char* from = row + (columns.begin * shape_.stride_width + offset - shape_.pad_left) * pixel;
    point_in_steps(to, columns.end - columns.begin, from, step);
  }

  void fill_zeros(const void** to, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) to[i] = left_.zeros;
  }

  // Pointers to one tap of each pixel of the span.
  void fill_tap(const Span& span, std::size_t run, std::size_t kx, const unsigned char* row) const {
    const void** to = slots(span, run);
    if (row == nullptr) return fill_zeros(to, span.count);
    const std::size_t offset = kx * shape_.dilation_width;
    const Columns columns = inside(span, offset, 0);
    fill_zeros(to, columns.begin - span.x);
    fill_inside(to + (columns.begin - span.x), columns, offset, row);
    fill_zeros(to + (columns.end - span.x), span.x + span.count - columns.end);
  }

  // Pointers to a whole kernel row of each pixel; windows over the edge are copied, with zeros where the image is not.
  void fill_kernel_row(const Span& span, std::size_t ky, const unsigned char* row) const {
    const void** to = slots(span, ky);
    if (row == nullptr) return fill_zeros(to, span.count);
    Columns columns = inside(span, 0, (shape_.kernel_width - 1) * shape_.dilation_width);
    if (left_.runs.copied) columns.end = columns.begin;
    fill_copies(span, {span.x, columns.begin}, ky, row);
    fill_inside(to + (columns.begin - span.x), columns, 0, row);
    fill_copies(span, {columns.end, span.x + span.count}, ky, row);
  }

  void fill_copies(const Span& span, const Columns& columns, std::size_t ky, const unsigned char* row) const {
    const void** to = slots(span, ky);
    for (std::size_t x = columns.begin; x < columns.end; ++x) {
      const std::size_t i = x - span.x;
      to[i] = copy_window_row(row, x * shape_.stride_width, span.slot + i, ky);
    }
  }

  // `x` is the window's first column, counted from the left of the padding.
  const void* copy_window_row(const unsigned char* row, std::size_t x, std::size_t slot, std::size_t ky) const {
    unsigned char* copy = left_.copies + (slot * left_.runs.runs + ky) * left_.runs.run_length * element_;
    for (std::size_t kx = 0; kx < shape_.kernel_width; ++kx) {
      const std::size_t column = x + kx * shape_.dilation_width;
      unsigned char* to = copy + kx * tap_bytes_;
      if (column >= shape_.pad_left && column - shape_.pad_left < input_.width) {
        std::memcpy(to, row + (column - shape_.pad_left) * input_.pixel_stride * element_, tap_bytes_);
      } else {
        std::memset(to, 0, tap_bytes_);
      }
    }
    return copy;
  }

  const LeftRows& left_;
  const ConvShape& shape_;
  const Tensor& input_;
  std::size_t pixels_;
  std::size_t element_;
  std::size_t group_bytes_;
  std::size_t tap_bytes_;
};

}  // namespace

WindowRuns choose_runs(const ConvShape& shape, const Tensor& input) {
  const std::size_t channels = shape.group_inputs();
  const bool side_by_side = shape.groups == 1 && shape.dilation_width == 1 && input.pixel_stride == channels;
  const bool merged = shape.kernel_width > 1 && channels < merge_below_channels;
  if (!merged) return {false, false, shape.taps(), channels};
  return {true, !side_by_side, shape.kernel_height, shape.kernel_width * channels};
}

void fill_left_rows(const LeftRows& left, std::size_t first, std::size_t count) {
  const SpanFiller filler(left, count);
  if (left.shape->is_pointwise()) return filler.fill_pointwise(first);
  Span span{};
  span.x = first % left.output_width;
  span.y = first / left.output_width % left.output_height;
  span.image = first / left.output_width / left.output_height;
  for (span.slot = 0; span.slot < count; span.slot += span.count) {
    span.count = min_of(left.output_width - span.x, count - span.slot);
    filler.fill(span);
    span.x = 0;
    if (++span.y == left.output_height) {
      span.y = 0;
      ++span.image;
    }
  }
}

}  // namespace sixfold::operators
