// The input rows of a depthwise convolution, padded and in fp32, in a ring that stays in L1; see depthwise_args.hpp.
#pragma once

#include <cstddef>

#include "depthwise_args.hpp"
#include "epilogue.hpp"
#include "half.hpp"

namespace sixfold {

// A strip row is [channel vector][column][lane]: the columns of one vector are neighbours.
template <class Isa, class T>
class DepthwiseStrip {
 public:
  [[gnu::noinline]] explicit DepthwiseStrip(const DepthwiseArgs& args)
      : args_(args),
        vectors_((args.channels + Isa::width - 1) / Isa::width),
        columns_(depthwise_strip_columns(args.column_end - args.column_begin, args.kernel_width, args.stride_width,
                                         args.dilation_width)),
        ring_(depthwise_strip_rows(args.kernel_height, args.dilation_height) - 1),
        pointers_(static_cast<const float**>(args.scratch)),
        rows_(reinterpret_cast<float*>(static_cast<unsigned char*>(args.scratch) +
                                       depthwise_pointers_bytes(args.kernel_height))),
        zeros_(rows_ + ring_ * row_floats()) {
    find_image_columns();
    for (std::size_t row = 0; row < ring_; ++row) clear_padding(rows_ + row * row_floats());
    read_weights(args.weights, zeros_ + row_floats());
  }

  // [channel vector][tap][lane]
  const float* weights() const { return weights_; }

  // Floats from one channel vector of a strip row to the next.
  std::size_t vector_pitch() const { return columns_ * Isa::width; }

  // One pointer a kernel row, to the strip's first column, for output row `row`. Rows must be asked for in ascending order.
  [[gnu::noinline]] const float* const* rows_for(std::size_t row) {
    const std::size_t top = row * args_.stride_height;  // counted from the top of the padding
    const std::size_t bottom = top + (args_.kernel_height - 1) * args_.dilation_height;
    if (bottom >= args_.pad_top) fill_to(top < args_.pad_top ? 0 : top - args_.pad_top, bottom - args_.pad_top);
    for (std::size_t k = 0; k < args_.kernel_height; ++k) {
      const std::size_t y = top + k * args_.dilation_height;
      const bool inside = y >= args_.pad_top && y - args_.pad_top < args_.height;
      pointers_[k] = inside ? row_of(y - args_.pad_top) : zero_row();
    }
    return pointers_;
  }

 private:
  std::size_t row_floats() const { return vectors_ * columns_ * Isa::width; }
  float* row_of(std::size_t y) { return rows_ + y % ring_ * row_floats(); }

  void read_weights(const float* packed, float*) { weights_ = packed; }
  void read_weights(const Half* packed, float* scratch) {
    const std::size_t count = args_.kernel_height * args_.kernel_width * vectors_ * Isa::width;
    for (std::size_t i = 0; i < count; i += Isa::width) Isa::store(scratch + i, Isa::load(packed + i));
    weights_ = scratch;
  }
  void read_weights(const void* packed, float* scratch) { read_weights(static_cast<const T*>(packed), scratch); }

  // Puts image rows `first` to `last` into the ring, but for those that are there. Rows between the taps of a dilated window
  // come along: later windows want them.
  void fill_to(std::size_t first, std::size_t last) {
    if (next_ < first) next_ = first;
    for (; next_ <= last && next_ < args_.height; ++next_) fill(row_of(next_), next_);
  }

  // Which of the strip's columns the image covers; the others are padding.
  void find_image_columns() {
    const std::size_t left = args_.column_begin * args_.stride_width;  // counted from the left of the padding
    const std::size_t skip = left < args_.pad_left ? args_.pad_left - left : 0;
    image_x_ = left < args_.pad_left ? 0 : left - args_.pad_left;
    first_ = skip < columns_ ? skip : columns_;
    const std::size_t exist = image_x_ < args_.width ? args_.width - image_x_ : 0;
    count_ = exist < columns_ - first_ ? exist : columns_ - first_;
  }

  void clear_columns(float* strip_row, std::size_t begin, std::size_t end) {
    for (std::size_t v = 0; v < vectors_; ++v, strip_row += vector_pitch()) {
      for (std::size_t x = begin; x < end; ++x) Isa::store(strip_row + x * Isa::width, Isa::zero());
    }
  }

  void clear_padding(float* strip_row) {
    clear_columns(strip_row, 0, first_);
    clear_columns(strip_row, first_ + count_, columns_);
  }

  const float* zero_row() {
    if (!zeros_ready_) clear_columns(zeros_, 0, columns_);
    zeros_ready_ = true;
    return zeros_;
  }

  // Copies the image columns that the strip covers. Padding columns stay the zeros that they were made.
  void fill(float* strip_row, std::size_t y) {
    if (count_ == 0) return;
    const T* from = static_cast<const T*>(args_.input) + (y * args_.width + image_x_) * args_.input_stride;
    float* to = strip_row + first_ * Isa::width;
    if (args_.multiplier == 1) {
      copy_pixels(from + args_.channel, to, count_);
    } else {
      copy_multiplied(from, to, count_);
    }
  }

  void copy_pixels(const T* from, float* to, std::size_t columns) {
    const std::size_t pitch = vector_pitch();
    const std::size_t whole = args_.channels / Isa::width * Isa::width;
    const std::size_t rest = args_.channels - whole;
    for (std::size_t x = 0; x < columns; ++x, from += args_.input_stride, to += Isa::width) {
      float* vector = to;
      for (std::size_t c = 0; c < whole; c += Isa::width, vector += pitch) Isa::store(vector, Isa::load(from + c));
      if (rest != 0) Isa::store(vector, Isa::load_partial(from + whole, rest));
    }
  }

  // Output channel c reads input channel c / multiplier.
  void copy_multiplied(const T* from, float* to, std::size_t columns) {
    const std::size_t pitch = vector_pitch();
    for (std::size_t x = 0; x < columns; ++x, from += args_.input_stride, to += Isa::width) {
      for (std::size_t c = 0; c < args_.channels; ++c) {
        float value[Isa::width];
        Isa::store(value, load_one(from + (args_.channel + c) / args_.multiplier));
        to[c / Isa::width * pitch + c % Isa::width] = value[0];
      }
    }
  }

  static typename Isa::vf load_one(const T* p) {
    if constexpr (Isa::width == 1) return Isa::load(p);
    return Isa::load_partial(p, 1);
  }

  const DepthwiseArgs& args_;
  std::size_t vectors_;
  std::size_t columns_;
  std::size_t ring_;
  const float** pointers_;
  float* rows_;
  float* zeros_;
  const float* weights_ = nullptr;
  std::size_t image_x_ = 0;  // the image column of strip column first_
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  bool zeros_ready_ = false;
  std::size_t next_ = 0;  // image rows below this one are in the ring, or passed
};

}  // namespace sixfold
