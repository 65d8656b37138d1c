// Depthwise convolution; see depthwise_args.hpp.
//
// The inner kernel computes up to `depthwise_columns` neighbouring outputs of one channel vector at once: each input column is
// loaded once a kernel row and used by every output that it belongs to, while the kernel row's weights stay in registers.
#pragma once

#include <cstddef>

#include "depthwise_args.hpp"
#include "epilogue.hpp"
#include "half.hpp"
#include "row_list.hpp"
#include "unroll.hpp"

namespace sixfold {

// A block of channels is one cache line of fp32, so that no line of the strip is shared.
inline constexpr std::size_t depthwise_block = 16;

// The strip: a ring of padded fp32 rows, [column][channel of the block].
template <class Isa, class T>
class DepthwiseStrip {
 public:
  explicit DepthwiseStrip(const DepthwiseArgs& args)
      : args_(args),
        columns_(depthwise_strip_columns(args.column_end - args.column_begin, args.kernel_width, args.stride_width,
                                         args.dilation_width)),
        ring_(depthwise_strip_rows(args.kernel_height, args.dilation_height) - 1),
        rows_(static_cast<float*>(args.scratch)),
        zeros_(rows_ + ring_ * columns_ * depthwise_block),
        weights_(zeros_ + columns_ * depthwise_block),
        pointers_(reinterpret_cast<const float**>(weights_ + args.kernel_height * args.kernel_width * depthwise_block)) {
    clear(rows_, (ring_ + 1) * columns_);
    const T* packed = static_cast<const T*>(args.weights);
    for (std::size_t i = 0; i < args.kernel_height * args.kernel_width * depthwise_block; i += Isa::width) {
      Isa::store(weights_ + i, Isa::load(packed + i));
    }
  }

  const float* weights() const { return weights_; }

  // One pointer a kernel row, to the strip's first column, for output row `row`. Rows must be asked for in ascending order.
  const float* const* rows_for(std::size_t row) {
    const std::size_t top = row * args_.stride_height;  // counted from the top of the padding
    const std::size_t bottom = top + (args_.kernel_height - 1) * args_.dilation_height;
    if (bottom >= args_.pad_top) fill_to(top < args_.pad_top ? 0 : top - args_.pad_top, bottom - args_.pad_top);
    for (std::size_t k = 0; k < args_.kernel_height; ++k) {
      const std::size_t y = top + k * args_.dilation_height;
      const bool inside = y >= args_.pad_top && y - args_.pad_top < args_.height;
      pointers_[k] = inside ? row_of(y - args_.pad_top) : zeros_;
    }
    return pointers_;
  }

 private:
  float* row_of(std::size_t y) { return rows_ + y % ring_ * columns_ * depthwise_block; }

  // Puts image rows `first` to `last` into the ring, but for those that are there. Rows between the taps of a dilated window
  // come along: later windows want them.
  void fill_to(std::size_t first, std::size_t last) {
    if (next_ < first) next_ = first;
    for (; next_ <= last && next_ < args_.height; ++next_) fill(row_of(next_), next_);
  }

  static void clear(float* from, std::size_t columns) {
    for (std::size_t i = 0; i < columns * depthwise_block; i += Isa::width) Isa::store(from + i, Isa::zero());
  }

  // Copies the image columns that the strip covers. Padding columns stay the zeros that they were made.
  void fill(float* strip_row, std::size_t y) {
    const std::size_t left = args_.column_begin * args_.stride_width;  // counted from the left of the padding
    const std::size_t skip = left < args_.pad_left ? args_.pad_left - left : 0;
    const std::size_t x = left < args_.pad_left ? 0 : left - args_.pad_left;
    if (skip >= columns_ || x >= args_.width) return;
    const std::size_t wanted = columns_ - skip;
    const std::size_t count = wanted < args_.width - x ? wanted : args_.width - x;
    const T* from = static_cast<const T*>(args_.input) + (y * args_.width + x) * args_.input_stride;
    float* to = strip_row + skip * depthwise_block;
    if (args_.multiplier != 1) {
      copy_multiplied(from, to, count);
    } else if (args_.channels == depthwise_block) {
      copy_whole(from + args_.channel, to, count);
    } else {
      copy_partial(from + args_.channel, to, count);
    }
  }

  void copy_whole(const T* from, float* to, std::size_t columns) {
    for (std::size_t x = 0; x < columns; ++x, from += args_.input_stride, to += depthwise_block) {
      unroll<depthwise_block / Isa::width>([&](auto v) __attribute__((always_inline)) {
        Isa::store(to + v * Isa::width, Isa::load(from + v * Isa::width));
      });
    }
  }

  void copy_partial(const T* from, float* to, std::size_t columns) {
    for (std::size_t x = 0; x < columns; ++x, from += args_.input_stride, to += depthwise_block) {
      for (std::size_t c = 0; c < args_.channels; c += Isa::width) {
        Isa::store(to + c, load_first<Isa>(from + c, args_.channels - c));
      }
    }
  }

  void copy_multiplied(const T* from, float* to, std::size_t columns) {
    const std::size_t first = args_.channel / args_.multiplier;
    const std::size_t last = (args_.channel + args_.channels - 1) / args_.multiplier;
    for (std::size_t x = 0; x < columns; ++x, from += args_.input_stride, to += depthwise_block) {
      float values[depthwise_block];
      for (std::size_t c = first; c <= last; c += Isa::width) {
        Isa::store(values + (c - first), load_first<Isa>(from + c, last + 1 - c));
      }
      for (std::size_t c = 0; c < args_.channels; ++c) to[c] = values[(args_.channel + c) / args_.multiplier - first];
    }
  }

  const DepthwiseArgs& args_;
  std::size_t columns_;
  std::size_t ring_;
  float* rows_;
  float* zeros_;
  float* weights_;
  const float** pointers_;
  std::size_t next_ = 0;  // image rows below this one are in the ring, or passed
};

// What the inner kernel needs to compute one channel vector of one output row.
template <class T>
struct DepthwiseLine {
  const float* const* rows;  // one a kernel row
  std::size_t offset;        // of the channel vector in a block
  const float* weights;      // at the channel vector
  const float* bias;
  TileTarget<T> target;  // at the line's first output
  const DepthwiseArgs* args;
};

// A window known at compile time: X outputs from strip column `column` on.
template <class Isa, int K, int S, int X>
[[gnu::always_inline]] inline void accumulate_window(typename Isa::vf (&acc)[X][1], const float* const* rows,
                                                     std::size_t start, const float* weights) {
  using vf = typename Isa::vf;
  for (int ky = 0; ky < K; ++ky, weights += K * depthwise_block) {
    const float* in = rows[ky] + start;
    vf w[K];
    unroll<K>([&](auto kx) __attribute__((always_inline)) { w[kx] = Isa::load(weights + kx * depthwise_block); });
    unroll<(X - 1) * S + K>([&](auto column) __attribute__((always_inline)) {
      const vf value = Isa::load(in + column * depthwise_block);
      unroll<X>([&](auto x) __attribute__((always_inline)) {
        constexpr int kx = column - x * S;
        if constexpr (kx >= 0 && kx < K) acc[x][0] = Isa::fma(value, w[kx], acc[x][0]);
      });
    });
  }
}

// Any window.
template <class Isa, int X>
[[gnu::always_inline]] inline void accumulate_any_window(typename Isa::vf (&acc)[X][1], const float* const* rows,
                                                         std::size_t start, const float* weights,
                                                         const DepthwiseArgs& args) {
  using vf = typename Isa::vf;
  const std::size_t step = args.stride_width * depthwise_block;
  for (std::size_t ky = 0; ky < args.kernel_height; ++ky) {
    const float* in = rows[ky] + start;
    for (std::size_t kx = 0; kx < args.kernel_width; ++kx) {
      const vf w = Isa::load(weights);
      unroll<X>([&](auto x) __attribute__((always_inline)) {
        acc[x][0] = Isa::fma(Isa::load(in + x * step), w, acc[x][0]);
      });
      in += args.dilation_width * depthwise_block;
      weights += depthwise_block;
    }
  }
}

// `tiles` times X outputs, from output column `first` of the line on.
template <class Isa, class T, Epilogue E, int K, int S, int X>
[[gnu::noinline]] void depthwise_tiles(const DepthwiseLine<T>& line, std::size_t first, std::size_t tiles) {
  using vf = typename Isa::vf;
  const std::size_t stride = K == 0 ? line.args->stride_width : S;
  for (std::size_t tile = 0; tile < tiles; ++tile, first += X) {
    vf acc[X][1];
    const vf bias = Isa::load(line.bias);
    unroll<X>([&](auto x) __attribute__((always_inline)) { acc[x][0] = bias; });
    const std::size_t start = first * stride * depthwise_block + line.offset;
    if constexpr (K == 0) {
      accumulate_any_window<Isa>(acc, line.rows, start, line.weights, *line.args);
    } else {
      accumulate_window<Isa, K, S>(acc, line.rows, start, line.weights);
    }
    TileTarget<T> target = line.target;
    target.out += first * target.out_stride;
    if (target.residual != nullptr) target.residual += first * target.residual_stride;
    finish_tile<Isa, E, X, 1>(acc, target, *line.args->epilogue);
  }
}

// Calls depthwise_tiles for the tile width `columns`, 1 to X.
template <class Isa, class T, Epilogue E, int K, int S, int X>
inline void depthwise_tiles_of(std::size_t columns, const DepthwiseLine<T>& line, std::size_t first, std::size_t tiles) {
  if (tiles == 0) return;
  if constexpr (X > 1) {
    if (columns < X) return depthwise_tiles_of<Isa, T, E, K, S, X - 1>(columns, line, first, tiles);
  }
  depthwise_tiles<Isa, T, E, K, S, X>(line, first, tiles);
}

// One channel vector of one output row, in tiles of nearly equal width.
template <class Isa, class T, Epilogue E, int K, int S>
void depthwise_line(const DepthwiseLine<T>& line, std::size_t columns) {
  constexpr int X = Isa::depthwise_columns;
  const std::size_t tiles = (columns + X - 1) / X;
  const std::size_t width = columns / tiles;
  const std::size_t wider = columns % tiles;  // this many tiles have one column more
  depthwise_tiles_of<Isa, T, E, K, S, X>(width + 1, line, 0, wider);
  depthwise_tiles_of<Isa, T, E, K, S, X>(width, line, wider * (width + 1), tiles - wider);
}

template <class Isa, class T, Epilogue E, int K, int S>
void depthwise(const void* erased) {
  const DepthwiseArgs& args = *static_cast<const DepthwiseArgs*>(erased);
  DepthwiseStrip<Isa, T> strip(args);
  for (std::size_t row = args.row_begin; row < args.row_end; ++row) {
    const float* const* rows = strip.rows_for(row);
    const std::size_t pixel = row * args.output_width + args.column_begin;
    T* out = static_cast<T*>(args.out) + pixel * args.output_stride;
    const T* residual = static_cast<const T*>(args.residual);
    if (residual != nullptr) residual += pixel * args.residual_stride;
    for (std::size_t c = 0; c < args.channels; c += Isa::width) {
      const DepthwiseLine<T> line = {rows,
                                     c,
                                     strip.weights() + c,
                                     args.bias + c,
                                     {out + c, args.output_stride, residual == nullptr ? nullptr : residual + c,
                                      args.residual_stride, args.channels - c, args.channel + c},
                                     &args};
      depthwise_line<Isa, T, E, K, S>(line, args.column_end - args.column_begin);
    }
  }
}

template <class Isa, Type In, Epilogue E, int K, int S>
struct DepthwiseRow {
  using T = std::conditional_t<In == Type::fp32, float, Half>;
  static constexpr RowName make_name() {
    RowName name = begin_name("depthwise", In, "f32", E);
    if (K == 0) {
      name.add("any");
    } else {
      name.add(K);
      name.add("x");
      name.add(K);
      name.add("s");
      name.add(S);
    }
    return end_name<Isa>(name);
  }
  static constexpr RowName name = make_name();
  static constexpr KernelRow row = {name.text, Op::depthwise, In, In, E, {Isa::depthwise_columns, 1},
                                    depthwise_block, {K, S}, &depthwise<Isa, T, E, K, S>};
};

template <class Isa, int K, int S>
constexpr auto depthwise_rows_of() {
  constexpr Type f32 = Type::fp32;
  constexpr Type f16 = Type::fp16;
  return RowList<6>{{DepthwiseRow<Isa, f32, Epilogue::clamp, K, S>::row, DepthwiseRow<Isa, f32, Epilogue::hswish, K, S>::row,
                     DepthwiseRow<Isa, f32, Epilogue::general, K, S>::row, DepthwiseRow<Isa, f16, Epilogue::clamp, K, S>::row,
                     DepthwiseRow<Isa, f16, Epilogue::hswish, K, S>::row,
                     DepthwiseRow<Isa, f16, Epilogue::general, K, S>::row}};
}

// The any-window rows come last: the first row that fits is taken.
template <class Isa>
constexpr auto depthwise_rows() {
  return join(depthwise_rows_of<Isa, 3, 1>(), depthwise_rows_of<Isa, 3, 2>(), depthwise_rows_of<Isa, 5, 1>(),
              depthwise_rows_of<Isa, 5, 2>(), depthwise_rows_of<Isa, 0, 0>());
}

}  // namespace sixfold
