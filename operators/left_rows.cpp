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
// long as a tenth of the arithmetic. One function, as it and what copies are needed in several places, and this is a large file.
[[gnu::noinline]] void point_in_steps(const void** to, std::size_t count, const unsigned char* from, std::size_t step) {
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
        group_bytes_(left.group * left.channels * element_),
        tap_bytes_(left.channels * element_),
        whole_(whole_windows()),
        next_copy_(left.copies) {}

  // All pixels of a pointwise convolution, from `first` on.
  void fill_pointwise(std::size_t first) const {
    const std::size_t step = input_.pixel_stride * element_;
    const unsigned char* from = static_cast<const unsigned char*>(input_.data) + first * step + group_bytes_;
    point_in_steps(left_.pointers, pixels_, from, step);
  }

  // Of a row of windows, those that hang over the image's left or right edge.
  std::size_t windows_over_edge() const { return left_.output_width - (whole_.end - whole_.begin); }

  void fill(const Span& span) {
    const Columns whole = {clip(whole_.begin, span), clip(whole_.end, span)};
    if (left_.run_step != 0) return fill_windows(span, whole);
    for (std::size_t ky = 0; ky < shape_.kernel_height; ++ky) {
      const std::size_t y = span.y * shape_.stride_height + ky * shape_.dilation_height;  // from the top of the padding
      const bool inside = y >= shape_.pad_top && y - shape_.pad_top < input_.height;
      const unsigned char* row = inside ? row_of(span.image, y - shape_.pad_top) : nullptr;
      if (left_.runs.merged) {
        fill_kernel_row(span, whole, ky, row);
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

  // The columns of an output row whose windows' rows are read where they are.
  Columns whole_windows() const {
    if (!left_.runs.merged || left_.runs.copied) return {0, 0};
    return inside({0, 0, 0, left_.output_width, 0}, 0, shape_.kernel_width - 1);
  }

  static std::size_t clip(std::size_t column, const Span& span) {
    return min_of(max_of(column, span.x), span.x + span.count);
  }

  // Pointers to a whole kernel row of each pixel; windows over the edge are copied, with zeros where the image is not.
  void fill_kernel_row(const Span& span, const Columns& whole, std::size_t ky, const unsigned char* row) const {
    const void** to = slots(span, ky);
    if (row == nullptr) return fill_zeros(to, span.count);
    fill_copies(span, {span.x, whole.begin}, ky, row);
    fill_inside(to + (whole.begin - span.x), whole, 0, row);
    fill_copies(span, {whole.end, span.x + span.count}, ky, row);
  }

  // A pointer to each window, all rows of which are `run_step` apart: also those of copies.
  void fill_windows(const Span& span, const Columns& whole) {
    const void** to = slots(span, 0);
    const unsigned char* row = row_of(span.image, span.y * shape_.stride_height - shape_.pad_top);
    copy_windows(span, {span.x, whole.begin}, row);
    fill_inside(to + (whole.begin - span.x), whole, 0, row);
    copy_windows(span, {whole.end, span.x + span.count}, row);
  }

  void copy_windows(const Span& span, const Columns& columns, const unsigned char* row) {
    const std::size_t run_bytes = left_.runs.run_length * element_;
    const std::size_t step_bytes = left_.run_step * element_;
    for (std::size_t x = columns.begin; x < columns.end; ++x, next_copy_ += run_bytes) {
      for (std::size_t ky = 0; ky < shape_.kernel_height; ++ky) {
        copy_window_row(row + ky * step_bytes, x * shape_.stride_width, next_copy_ + ky * step_bytes);
      }
      slots(span, 0)[x - span.x] = next_copy_;
    }
  }

  void fill_copies(const Span& span, const Columns& columns, std::size_t ky, const unsigned char* row) const {
    const void** to = slots(span, ky);
    for (std::size_t x = columns.begin; x < columns.end; ++x) {
      const std::size_t i = x - span.x;
      unsigned char* copy = left_.copies + ((span.slot + i) * left_.runs.runs + ky) * left_.runs.run_length * element_;
      copy_window_row(row, x * shape_.stride_width, copy);
      to[i] = copy;
    }
  }

  // `x` is the window's first column, counted from the left of the padding.
  [[gnu::noinline]] void copy_window_row(const unsigned char* row, std::size_t x, unsigned char* copy) const {
    std::memset(copy, 0, left_.runs.run_length * element_);
    if (left_.runs.copied) {
      copy_taps(copy, row, x);
    } else {
      copy_neighbours(copy, row, x);
    }
  }

  // A window's row tap by tap.
  void copy_taps(unsigned char* copy, const unsigned char* row, std::size_t x) const {
    for (std::size_t kx = 0; kx < shape_.kernel_width; ++kx) {
      const std::size_t column = x + kx * shape_.dilation_width;
      if (column < shape_.pad_left || column - shape_.pad_left >= input_.width) continue;
      std::memcpy(copy + kx * tap_bytes_, row + (column - shape_.pad_left) * input_.pixel_stride * element_,
                  tap_bytes_);
    }
  }

  // The same at once, where the taps lie side by side: every output row has such windows.
  void copy_neighbours(unsigned char* copy, const unsigned char* row, std::size_t x) const {
    const std::size_t begin = max_of(x, shape_.pad_left);
    const std::size_t end = min_of(x + shape_.kernel_width, shape_.pad_left + input_.width);
    if (begin >= end) return;
    std::memcpy(copy + (begin - x) * tap_bytes_, row + (begin - shape_.pad_left) * tap_bytes_,
                (end - begin) * tap_bytes_);
  }

  const LeftRows& left_;
  const ConvShape& shape_;
  const Tensor& input_;
  std::size_t pixels_;
  std::size_t element_;
  std::size_t group_bytes_;
  std::size_t tap_bytes_;
  Columns whole_;
  unsigned char* next_copy_;
};

}  // namespace

WindowRuns choose_runs(const ConvShape& shape) {
  const std::size_t channels = shape.group_inputs();
  if (shape.kernel_width > 1 && channels < merge_below_channels) {
    return {true, false, shape.kernel_height, shape.kernel_width * channels};
  }
  return {false, false, shape.taps(), channels};
}

bool must_be_copied(const WindowRuns& runs, const ConvShape& shape, const Tensor& input) {
  if (!runs.merged) return false;
  return shape.groups != 1 || shape.dilation_width != 1 || input.pixel_stride != shape.input_channels;
}

std::size_t shared_run_step(const LeftRows& left, std::size_t first, std::size_t count) {
  if (!left.runs.merged || left.runs.copied) return 0;
  const ConvShape& shape = *left.shape;
  const Tensor& input = *left.input;
  const std::size_t first_row = divide(first, left.output_width).quotient;
  const std::size_t last_row = divide(first + count - 1, left.output_width).quotient;
  const Division first_image = divide(first_row, left.output_height);
  const Division last_image = divide(last_row, left.output_height);
  if (first_image.quotient != last_image.quotient) return 0;
  const std::size_t top = first_image.remainder * shape.stride_height;
  const std::size_t bottom = last_image.remainder * shape.stride_height;
  const std::size_t reach = (shape.kernel_height - 1) * shape.dilation_height;
  if (top < shape.pad_top || bottom + reach >= shape.pad_top + input.height) return 0;
  // Copies have their rows so far apart too, and the next row's begin where this one's have ended.
  const std::size_t step = shape.dilation_height * input.width * input.pixel_stride;
  const std::size_t copies = (last_row - first_row + 1) * SpanFiller(left, count).windows_over_edge();
  const std::size_t copied = copies * left.runs.run_length;
  const std::size_t room = left.copy_bytes / element_bytes(input.type);
  return copied <= step && (left.runs.runs - 1) * step + copied <= room ? step : 0;
}

void fill_left_rows(const LeftRows& left, std::size_t first, std::size_t count) {
  SpanFiller filler(left, count);
  if (left.pointwise) return filler.fill_pointwise(first);
  Span span{};
  const Division row = divide(first, left.output_width);
  const Division image = divide(row.quotient, left.output_height);
  span.x = row.remainder;
  span.y = image.remainder;
  span.image = image.quotient;
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
