// Plain tensors of the reference: dense, in the order batch, row, column, channel, whatever type they are stored as.
#pragma once

#include <sixfold/sixfold.h>

#include <cstddef>
#include <vector>

#include "half.hpp"

namespace sixfold::reference {

struct Image {
  sixfold_type type = SIXFOLD_FP32;
  std::size_t batch = 0;
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t channels = 0;
  std::vector<float> values;  // each exactly representable in `type`
  bool flushed = false;       // computed where denormals count as zero; see support/denormals.hpp

  Image() = default;
  Image(sixfold_type type_, std::size_t n, std::size_t h, std::size_t w, std::size_t c)
      : type(type_), batch(n), height(h), width(w), channels(c), values(n * h * w * c) {}

  std::size_t index(std::size_t n, std::size_t y, std::size_t x, std::size_t c) const {
    return ((n * height + y) * width + x) * channels + c;
  }
  float at(std::size_t n, std::size_t y, std::size_t x, std::size_t c) const { return values[index(n, y, x, c)]; }
};

// The values that an element may have: one, where the sequence of operations is fixed by the contract; an interval where only
// a bound on the error is promised. Both ends are NaN where the result must be NaN.
struct Range {
  float low;
  float high;
};

inline Range exactly(float value) { return {value, value}; }

// Expected values, in the shape of the output.
struct Expected {
  sixfold_type type = SIXFOLD_FP32;
  std::size_t batch = 0;
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t channels = 0;
  std::vector<Range> values;
};

// What is left of a value that is stored as `type`.
inline float stored(sixfold_type type, float value) { return type == SIXFOLD_FP16 ? round_to_half(value) : value; }
inline Range stored(sixfold_type type, Range range) { return {stored(type, range.low), stored(type, range.high)}; }

}  // namespace sixfold::reference
