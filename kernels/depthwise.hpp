// Depthwise convolution; see depthwise_args.hpp.
//
// The inner kernel computes up to `depthwise_columns` neighbouring outputs of one channel vector at once: each input column is
// loaded once a kernel row and used by every output that it belongs to, while the kernel row's weights stay in registers.
//
// Tried on AVX2 without gain: four columns, with all nine weights in registers; prefetching the output's next lines for
// writing; copying four vectors at a time into the strip; strips of 8, 12, 16 and 32 KB. Taps in order, with the inputs as
// memory operands, gain nothing at 7 columns; at 14 they gain 2 % (3x3) to 8 % (5x5) where rows are 14 wide, for more code.
#pragma once

#include <cstddef>

#include "depthwise_args.hpp"
#include "depthwise_strip.hpp"
#include "epilogue.hpp"
#include "half.hpp"
#include "row_list.hpp"
#include "unroll.hpp"

namespace sixfold {

// The input of one output row, and the weights; see DepthwiseStrip.
struct DepthwiseWindow {
  const float* const* rows;  // one a kernel row
  std::size_t vector_pitch;  // floats from one channel vector to the next
  const float* weights;
};

// What the inner kernel needs to compute a block of channels of one output row.
template <class T>
struct DepthwiseLine {
  DepthwiseWindow window;
  TileTarget<T> target;  // at the line's first output
  const DepthwiseArgs* args;
};

// A window known at compile time: X outputs, the first of which reads from rows[...] + start on.
template <class Isa, int K, int S, int X>
[[gnu::always_inline]] inline void accumulate_window(typename Isa::vf (&acc)[X][1], const float* const* rows,
                                                     std::size_t start, const float* weights) {
  using vf = typename Isa::vf;
  for (int ky = 0; ky < K; ++ky, weights += K * Isa::width) {
    const float* in = rows[ky] + start;
    vf w[K];
    unroll<K>([&](auto kx) __attribute__((always_inline)) { w[kx] = Isa::load(weights + kx * Isa::width); });
    unroll<(X - 1) * S + K>([&](auto column) __attribute__((always_inline)) {
      const vf value = Isa::load(in + column * Isa::width);
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
  const std::size_t step = args.stride_width * Isa::width;
  for (std::size_t ky = 0; ky < args.kernel_height; ++ky) {
    const float* in = rows[ky] + start;
    for (std::size_t kx = 0; kx < args.kernel_width; ++kx) {
      const vf w = Isa::load(weights);
      unroll<X>([&](auto x)
                    __attribute__((always_inline)) { acc[x][0] = Isa::fma(Isa::load(in + x * step), w, acc[x][0]); });
      in += args.dilation_width * Isa::width;
      weights += Isa::width;
    }
  }
}

// Channels of a block, a multiple of the vector's width but at the block's end.
struct ChannelRange {
  std::size_t begin;
  std::size_t end;
};

// Calls body(acc, c) with the accumulators of X outputs, from output column `column` on, for each channel vector c of the
// range in turn: pixels often lie a power of two apart and push one another out of the cache, so that all channels of a pixel
// are best stored together.
template <class Isa, int K, int S, int X, class Body>
[[gnu::always_inline]] inline void for_each_vector(const DepthwiseWindow& window, const DepthwiseArgs& args,
                                                   std::size_t column, ChannelRange range, const Body& body) {
  const std::size_t taps = K == 0 ? args.kernel_height * args.kernel_width : K * K;
  const float* weights = window.weights + range.begin * taps;
  const float* bias = args.bias + range.begin;
  std::size_t start =
      column * (K == 0 ? args.stride_width : S) * Isa::width + range.begin / Isa::width * window.vector_pitch;
  for (std::size_t c = range.begin; c < range.end; c += Isa::width) {
    typename Isa::vf acc[X][1];
    const auto first = Isa::load(bias);
    unroll<X>([&](auto x) __attribute__((always_inline)) { acc[x][0] = first; });
    if constexpr (K == 0) {
      accumulate_any_window<Isa>(acc, window.rows, start, weights, args);
    } else {
      accumulate_window<Isa, K, S>(acc, window.rows, start, weights);
    }
    body(acc, c);
    start += window.vector_pitch;
    weights += taps * Isa::width;
    bias += Isa::width;
  }
}

// What cannot be finished in registers goes through a buffer, [output][channel], of so many channels at once.
inline constexpr std::size_t depthwise_buffer_channels = 64;

// The accumulators of X outputs, to such a buffer. One function serves every type and epilogue.
template <class Isa, int K, int S, int X>
[[gnu::noinline]] void accumulate_to_buffer(float* buffer, const DepthwiseWindow& window, const DepthwiseArgs& args,
                                            std::size_t column, ChannelRange range) {
  for_each_vector<Isa, K, S, X>(
      window, args, column, range, [&](const auto& acc, std::size_t c) __attribute__((always_inline)) {
        float* to = buffer + (c - range.begin);
        unroll<X>([&](auto x)
                      __attribute__((always_inline)) { Isa::store(to + x * depthwise_buffer_channels, acc[x][0]); });
      });
}

template <class T>
TileTarget<T> target_at(const TileTarget<T>& line, std::size_t column, ChannelRange range) {
  TileTarget<T> target = line;
  target.out += column * line.out_stride + range.begin;
  if (line.residual != nullptr) target.residual += column * line.residual_stride + range.begin;
  target.channel += range.begin;
  target.channels = range.end - range.begin;
  return target;
}

// X outputs of the block's channels from `begin` on, by way of the buffer.
template <class Isa, class T, Epilogue E, int K, int S, int X>
[[gnu::noinline]] void finish_by_buffer(const DepthwiseLine<T>& line, std::size_t column, std::size_t begin) {
  const DepthwiseArgs& args = *line.args;
  float buffer[X * depthwise_buffer_channels];
  for (ChannelRange range{begin, begin}; range.begin < args.channels; range.begin = range.end) {
    const std::size_t left = args.channels - range.begin;
    range.end += left < depthwise_buffer_channels ? left : depthwise_buffer_channels;
    accumulate_to_buffer<Isa, K, S, X>(buffer, line.window, args, column, range);
    finish_buffer<Isa, E, T>(buffer, X, depthwise_buffer_channels, target_at(line.target, column, range),
                             *args.epilogue);
  }
}

// `tiles` times X outputs, from output column `column` of the line on. Whole vectors without a residual are finished in
// registers, with as little as possible beside the multiply-adds: integer work shares their ports.
template <class Isa, class T, Epilogue E, int K, int S, int X>
[[gnu::noinline]] void depthwise_tiles(const DepthwiseLine<T>& line, std::size_t column, std::size_t tiles) {
  const DepthwiseArgs& args = *line.args;
  const DepthwiseWindow window = line.window;
  const bool in_registers = E != Epilogue::general && args.epilogue->residual == ResidualPosition::none;
  const std::size_t whole = in_registers ? args.channels / Isa::width * Isa::width : 0;
  const std::size_t stride = line.target.out_stride;
  for (; tiles > 0; --tiles, column += X) {
    if constexpr (E != Epilogue::general) {
      const RegisterEpilogue<Isa, E> epilogue(*args.epilogue);
      T* out = line.target.out + column * stride;
      for_each_vector<Isa, K, S, X>(
          window, args, column, {0, whole}, [&](const auto& acc, std::size_t) __attribute__((always_inline)) {
            unroll<X>([&](auto x)
                          __attribute__((always_inline)) { Isa::store(out + x * stride, epilogue(acc[x][0])); });
            out += Isa::width;
          });
    }
    if (whole != args.channels) finish_by_buffer<Isa, T, E, K, S, X>(line, column, whole);
  }
}

// Columns from `column` to `end`, in tiles of X, and the rest in narrower ones. The widths halve: more of them would cost more
// code than they save time.
template <class Isa, class T, Epilogue E, int K, int S, int X>
[[gnu::always_inline]] inline void depthwise_columns(const DepthwiseLine<T>& line, std::size_t column,
                                                     std::size_t end) {
  const std::size_t tiles = (end - column) / X;
  if (tiles != 0) depthwise_tiles<Isa, T, E, K, S, X>(line, column, tiles);
  if constexpr (X > 1) {
    column += tiles * X;
    if (column != end) depthwise_columns<Isa, T, E, K, S, (X + 1) / 2>(line, column, end);
  }
}

template <class Isa, class T, Epilogue E, int K, int S>
void depthwise(const void* erased) {
  const DepthwiseArgs& args = *static_cast<const DepthwiseArgs*>(erased);
  DepthwiseStrip<Isa, T> strip(args);
  for (std::size_t row = args.row_begin; row < args.row_end; ++row) {
    const std::size_t pixel = row * args.output_width + args.column_begin;
    const T* residual = static_cast<const T*>(args.residual);
    if (residual != nullptr) residual += pixel * args.residual_stride;
    const DepthwiseLine<T> line = {{strip.rows_for(row), strip.vector_pitch(), strip.weights()},
                                   {static_cast<T*>(args.out) + pixel * args.output_stride, args.output_stride,
                                    residual, args.residual_stride, args.channels, args.channel},
                                   &args};
    depthwise_columns<Isa, T, E, K, S, Isa::depthwise_columns>(line, 0, args.column_end - args.column_begin);
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
  static constexpr KernelRow row = {name.text,
                                    Op::depthwise,
                                    In,
                                    In,
                                    E,
                                    {Isa::depthwise_columns, 1},
                                    Isa::width,
                                    {K, S},
                                    &depthwise<Isa, T, E, K, S>};
};

template <class Isa, int K, int S>
constexpr auto depthwise_rows_of() {
  constexpr Type f32 = Type::fp32;
  constexpr Type f16 = Type::fp16;
  return RowList<6>{
      {DepthwiseRow<Isa, f32, Epilogue::clamp, K, S>::row, DepthwiseRow<Isa, f32, Epilogue::hswish, K, S>::row,
       DepthwiseRow<Isa, f32, Epilogue::general, K, S>::row, DepthwiseRow<Isa, f16, Epilogue::clamp, K, S>::row,
       DepthwiseRow<Isa, f16, Epilogue::hswish, K, S>::row, DepthwiseRow<Isa, f16, Epilogue::general, K, S>::row}};
}

// The any-window rows come last: the first row that fits is taken.
template <class Isa>
constexpr auto depthwise_rows() {
  if constexpr (AddsToAnother<Isa>) {
    return RowList<0>{};
  } else {
    return join(depthwise_rows_of<Isa, 3, 1>(), depthwise_rows_of<Isa, 3, 2>(), depthwise_rows_of<Isa, 5, 1>(),
                depthwise_rows_of<Isa, 5, 2>(), depthwise_rows_of<Isa, 0, 0>());
  }
}

}  // namespace sixfold
