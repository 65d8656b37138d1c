// Where the inputs of a depthwise convolution's output row are; see depthwise_args.hpp.
#pragma once

#include <cstddef>

#include "arithmetic.hpp"
#include "depthwise_args.hpp"
#include "half.hpp"

namespace sixfold {

// Windows that have a kernel of their own are at most so high.
inline constexpr std::size_t depthwise_max_rows = 5;

// The input of one output row: the first kernel rows are in the strip, the others are read by pointers and may enter it.
template <class T, class Element>
struct DepthwiseWindow {
  std::size_t strip_rows;
  std::size_t passing_rows;  // those after them that no window needs again
  bool common;               // see DepthwiseRows
  const Element* strip[depthwise_max_rows];
  Element* entering[depthwise_max_rows];  // one for each of the others
  std::size_t vector_pitch;               // elements of a strip row from one channel vector to the next

  const T* const* pixels;     // one a column and row: where channel `pixel_channel` of the block is
  std::size_t pixel_columns;  // pointers of a row
  std::size_t pixel_channel;

  const Element* weights;  // [channel vector][tap][lane], from the first row of the window on

  // Only where padding can be skipped.
  std::size_t rows;  // of the kernel
  std::size_t first_column;
  std::size_t end_column;
};

// Skips: kernel rows in the padding are left out where the arguments say so.
template <class A, class T, bool Skips>
class DepthwiseInput {
  using Element = typename A::Element;
  static constexpr std::size_t width = A::width;

 public:
  [[gnu::noinline]] DepthwiseInput(const DepthwiseArgs& args, const DepthwiseScratch& scratch)
      : args_(args), scratch_(scratch), rest_(args.channels % width) {
    find_image_columns();
    clear_pointers();
    window_.vector_pitch = scratch.columns * width;
    window_.pixels = part<const T*>(args.multiplier != 1 ? scratch_.copy_pixels : scratch_.pixels);
    window_.pixel_columns = scratch.columns;
    window_.pixel_channel = 0;
    window_.weights = read_weights(static_cast<const T*>(args.weights), part<Element>(scratch.weights));
    if constexpr (Skips) {
      weights_ = window_.weights;
      window_.first_column = args.skips_padding ? first_ : 0;
      window_.end_column = args.skips_padding ? first_ + count_ : scratch.columns;
    }
    for (std::size_t i = 0; i < scratch.strip_rows; ++i) {
      ring_[i] = part<Element>(scratch.strip) + i * vectors() * window_.vector_pitch;
    }
  }

  // For whole vectors of output row `row`. Rows must be asked for one after another, and each must be computed.
  [[gnu::noinline]] const DepthwiseWindow<T, Element>& window_for(std::size_t row) {
    const std::size_t kernel = args_.kernel_height;
    const std::size_t stride = args_.stride_height;
    const bool overlaps = scratch_.strip_rows != 0 && stride < kernel && row != args_.row_begin;
    const std::size_t kept = overlaps ? kernel - stride : 0;  // the first window brings in all of its rows
    const std::size_t top = row * stride;                     // counted from the top of the padding
    const bool in_order = args_.dilation_height == 1;
    const Rows rows = rows_at(top);
    const std::size_t entering = max(kept, rows.begin);  // the first that is not in the strip
    for (std::size_t i = entering; i < rows.end; ++i) {
      const std::size_t y = top + i * args_.dilation_height;
      const bool seen = in_order && row != args_.row_begin && i + stride < kernel;
      point_to_row(i - entering, y, {in_order ? y % kernel : i, seen});
    }
    const std::size_t in_strip = Skips ? above(min(kept, rows.end), rows.begin) : kept;
    window_.strip_rows = in_strip;
    window_.passing_rows = min(stride, kernel) - min(min(stride, kernel), kept);
    window_.common = kept != 0 && args_.stride_height == args_.stride_width;
    if constexpr (Skips) leave_out_padding(rows, entering);
    if (scratch_.strip_rows != 0) {
      for (std::size_t i = 0; i < in_strip; ++i) window_.strip[i] = ring_[rows.begin + i];
      for (std::size_t i = entering; i < kernel; ++i) window_.entering[i - entering] = ring_[i];
      for (std::size_t i = 0; i < min(stride, kernel); ++i) rotate_ring();
    }
    return window_;
  }

  // The same for an incomplete last vector.
  DepthwiseWindow<T, Element> tail_window() const {
    DepthwiseWindow<T, Element> window = window_;
    window.pixels = part<const T*>(scratch_.copy_pixels);
    if (args_.multiplier == 1) window.pixel_channel = args_.channels - rest_;
    return window;
  }

 private:
  template <class P>
  P* part(std::size_t offset) const {
    return reinterpret_cast<P*>(static_cast<unsigned char*>(args_.scratch) + offset);
  }

  static std::size_t min(std::size_t a, std::size_t b) { return a < b ? a : b; }
  static std::size_t max(std::size_t a, std::size_t b) { return a < b ? b : a; }
  static std::size_t above(std::size_t a, std::size_t b) { return max(a, b) - b; }
  std::size_t vectors() const { return (args_.channels + width - 1) / width; }

  // Kernel rows that are computed.
  struct Rows {
    std::size_t begin;
    std::size_t end;
  };

  // Of a window that begins at `top`.
  Rows rows_at(std::size_t top) const {
    const std::size_t kernel = args_.kernel_height;
    if constexpr (Skips) {
      if (args_.skips_padding) {
        const std::size_t begin = min(above(args_.pad_top, top), kernel);
        return {begin, max(begin, min(above(args_.pad_top + args_.height, top), kernel))};
      }
    }
    return {0, kernel};
  }

  // `entering` is the first row that is not in the strip.
  void leave_out_padding(Rows rows, std::size_t entering) {
    window_.rows = rows.end - rows.begin;
    window_.passing_rows = min(above(args_.stride_height, entering), above(rows.end, entering));
    window_.common &= window_.rows == args_.kernel_height;
    window_.weights = weights_ + rows.begin * args_.kernel_width * width;
  }

  // ring_[i] is for row i of the window.
  void rotate_ring() {
    Element* top = ring_[0];
    for (std::size_t i = 1; i < scratch_.strip_rows; ++i) ring_[i - 1] = ring_[i];
    ring_[scratch_.strip_rows - 1] = top;
  }

  const Element* read_weights(const Element* packed, Element*) { return packed; }
  template <class Packed>
  const Element* read_weights(const Packed* packed, Element* converted) {
    const std::size_t count = args_.kernel_height * args_.kernel_width * vectors() * width;
    for (std::size_t i = 0; i < count; i += width) A::store_right(converted + i, A::load_right(packed + i));
    return converted;
  }

  // Which columns the image covers; the others are padding.
  void find_image_columns() {
    const std::size_t left = args_.column_begin * args_.stride_width;  // counted from the left of the padding
    const std::size_t skip = left < args_.pad_left ? args_.pad_left - left : 0;
    image_x_ = left < args_.pad_left ? 0 : left - args_.pad_left;
    first_ = min(skip, scratch_.columns);
    const std::size_t exist = image_x_ < args_.width ? args_.width - image_x_ : 0;
    count_ = min(exist, scratch_.columns - first_);
  }

  // Whatever does not exist is nothing; columns outside the image stay so.
  void clear_pointers() {
    T* nothing = part<T>(scratch_.nothing);
    for (std::size_t c = 0; c < vectors() * width; ++c) nothing[c] = T{};
    const std::size_t pointers = args_.kernel_height * scratch_.columns;
    const T** pixels = part<const T*>(scratch_.pixels);
    for (std::size_t i = 0; i < pointers; ++i) pixels[i] = nothing;
    if (!scratch_.copies) return;
    const T** copies = part<const T*>(scratch_.copy_pixels);
    for (std::size_t i = 0; i < pointers; ++i) copies[i] = nothing;
    T* copied = part<T>(scratch_.copied);
    for (std::size_t i = 0; i < pointers * scratch_.copied_channels; ++i) copied[i] = T{};
  }

  // The image row at `y`, counted from the top of the padding, from the first channel on; NULL if the image does not have it.
  const T* image_row(std::size_t y) const {
    if (y < args_.pad_top || y - args_.pad_top >= args_.height || count_ == 0) return nullptr;
    return static_cast<const T*>(args_.input) + ((y - args_.pad_top) * args_.width + image_x_) * args_.input_stride;
  }

  // Where the copy of a row is, and whether it has been made: in order, rows stay where they are for the windows below.
  struct Copy {
    std::size_t slot;
    bool made;
  };

  void point_to_row(std::size_t index, std::size_t y, Copy copy) {
    const T* from = image_row(y);
    const std::size_t offset = index * scratch_.columns + first_;
    const bool has_whole_vectors = args_.channels != rest_;
    if (args_.multiplier == 1 && has_whole_vectors) {
      point_to(part<const T*>(scratch_.pixels) + offset, from == nullptr ? nullptr : from + args_.channel,
               args_.input_stride);
    }
    if (!scratch_.copies) return;
    T* copied = nullptr;
    if (from != nullptr) {
      copied = part<T>(scratch_.copied) + (copy.slot * scratch_.columns + first_) * scratch_.copied_channels;
      if (!copy.made) copy_row(from, copied);
    }
    point_to(part<const T*>(scratch_.copy_pixels) + offset, copied, scratch_.copied_channels);
  }

  void point_to(const T** pixels, const T* from, std::size_t stride) {
    const T* nothing = part<T>(scratch_.nothing);
    if (from == nullptr) {
      for (std::size_t x = 0; x < count_; ++x) pixels[x] = nothing;
    } else if (pixels[0] == nothing) {
      for (std::size_t x = 0; x < count_; ++x) pixels[x] = from + x * stride;
    } else if (from != pixels[0]) {
      const std::ptrdiff_t step = from - pixels[0];
      for (std::size_t x = 0; x < count_; ++x) pixels[x] += step;
    }
  }

  void copy_row(const T* from, T* to) {
    if (args_.multiplier == 1) return copy_rest(from + args_.channel + args_.channels - rest_, to);
    for (std::size_t x = 0; x < count_; ++x, from += args_.input_stride, to += scratch_.copied_channels) {
      for (std::size_t c = 0; c < args_.channels; ++c) to[c] = from[(args_.channel + c) / args_.multiplier];
    }
  }

  // The incomplete vectors of a row.
  void copy_rest(const T* from, T* to) const {
    const std::size_t stride = args_.input_stride;
    if constexpr (CopiesByMask<A>) {
      const auto mask = A::first_lanes(rest_);
      for (std::size_t x = count_; x > 0; --x, from += stride, to += width) A::copy_masked(from, to, mask);
    } else {
      // Not the constant, width: so this is the same code for each arithmetic of a type, and linkers keep it once.
      for (std::size_t x = 0; x < count_; ++x, from += stride, to += scratch_.copied_channels) {
        for (std::size_t c = 0; c < rest_; ++c) to[c] = from[c];
      }
    }
  }

  const DepthwiseArgs& args_;
  const DepthwiseScratch scratch_;
  std::size_t rest_;         // channels of an incomplete last vector
  std::size_t image_x_ = 0;  // the image column of column first_
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  const Element* weights_;
  Element* ring_[depthwise_max_rows];
  DepthwiseWindow<T, Element> window_;  // to clear it would take as long as a window of one pixel
};

}  // namespace sixfold
