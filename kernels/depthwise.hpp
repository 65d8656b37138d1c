// Depthwise convolution; see depthwise_args.hpp.
//
// The inner kernel computes some neighbouring outputs of one channel vector at once: each input column is loaded once a kernel
// row and used by every output that it belongs to, while the kernel row's weights stay in registers.
#pragma once

#include <cstddef>
#include <type_traits>

#include "arithmetic.hpp"
#include "depthwise_args.hpp"
#include "depthwise_strip.hpp"
#include "epilogue.hpp"
#include "half.hpp"
#include "row_list.hpp"
#include "unroll.hpp"

namespace sixfold {

// Adds one kernel row's products to X outputs. load(i) is input column i, counted from the first output's, and keep(i, value)
// may put it away: two columns at a time, which makes pairs of loads and of stores where an ISA has them.
template <class A, int K, int S, int X, class Load, class Keep>
[[gnu::always_inline]] inline void accumulate_row(typename A::Accumulator (&acc)[X], const typename A::Element* weights,
                                                  const Load& load, const Keep& keep) {
  constexpr int columns = (X - 1) * S + K;
  constexpr int group = 2;
  typename A::Right w[K];
  unroll<K>([&](auto kx) __attribute__((always_inline)) { w[kx] = A::load_right(weights + kx * A::width); });
  unroll<(columns + group - 1) / group>([&](auto step) __attribute__((always_inline)) {
    constexpr int first = group * step;
    constexpr int count = columns - first < group ? columns - first : group;
    typename A::Right value[count];
    unroll<count>([&](auto i) __attribute__((always_inline)) { value[i] = load(first + i); });
    unroll<count>([&](auto i) __attribute__((always_inline)) { keep(first + i, value[i]); });
    unroll<count * X>([&](auto i) __attribute__((always_inline)) {
      constexpr int x = i % X;
      constexpr int kx = first + i / X - x * S;
      if constexpr (kx >= 0 && kx < K) acc[x] = A::fma(value[i / X], w[kx], acc[x]);
    });
  });
}

// How many kernel rows are in the strip, are read by pointers and not needed again, and enter the strip. All this is known at
// compile time for windows below the first one and with equal strides: then compilers unroll the loops over rows.
template <bool Common, int K, int S>
struct DepthwiseRows {
  static constexpr int strip = K - S;
  static constexpr int entering = S < strip ? S : strip;
  static constexpr int passing = S - entering;
  template <class Window>
  constexpr explicit DepthwiseRows(const Window&) {}
};

// Other windows are rarer. What is not needed again enters the strip all the same, where a loop of its own would not pay.
template <int K, int S>
struct DepthwiseRows<false, K, S> {
  std::size_t strip;
  std::size_t passing;
  std::size_t entering;
  template <class Window>
  explicit DepthwiseRows(const Window& window)
      : strip(window.strip_rows),
        passing(S > K - S ? window.passing_rows : 0),
        entering(K - window.strip_rows - passing) {}
};

// Without a strip all windows are alike.
template <int K>
struct DepthwiseRowsInPlace {
  static constexpr int strip = 0;
  static constexpr int passing = K;
  static constexpr int entering = 0;
  template <class Window>
  constexpr explicit DepthwiseRowsInPlace(const Window&) {}
};

// Whether a kernel has a strip. On x86 the copies' stores cost more than reading a row again, perhaps because they hold up loads
// whose addresses end in the same 12 bits: without them, 3x3 windows take 0.6 to 0.9 of the time with AVX-512. A strip pays where a
// row would be converted several times, and for 5x5 windows.
template <class Isa, class A, class T, int K, int S>
constexpr bool has_strip() {
  constexpr bool converts = !std::is_same_v<typename A::Element, T>;
  if constexpr (requires { Isa::rereads_pixels; }) return K > 3 || (K == 3 && S == 1 && converts);
  return K != 0;
}

// A window of K columns, S apart. `column` is the first output's first one, `at` the same in the strip, `c` the channel.
template <class A, class Rows, int K, int S, int X, class T>
[[gnu::always_inline]] inline void accumulate_window(typename A::Accumulator (&acc)[X],
                                                     const DepthwiseWindow<T, typename A::Element>& window,
                                                     const typename A::Element* weights, std::size_t column,
                                                     std::size_t at, std::size_t c) {
  using Element = typename A::Element;
  constexpr int row = K * A::width;
  const Rows rows(window);
  const auto nowhere = [](int, const typename A::Right&) __attribute__((always_inline)){};
  const Element* const* strip = window.strip;
  for (auto i = rows.strip; i > 0; --i, ++strip, weights += row) {
    const Element* from = *strip + at;
    const auto load = [&](int x) __attribute__((always_inline)) { return A::load_right(from + x * A::width); };
    accumulate_row<A, K, S>(acc, weights, load, nowhere);
  }
  const T* const* pixels = window.pixels + column;
  const auto load = [&](int x) __attribute__((always_inline)) { return A::load_right(pixels[x] + c); };
  for (auto i = rows.passing; i > 0; --i, weights += row, pixels += window.pixel_columns) {
    accumulate_row<A, K, S>(acc, weights, load, nowhere);
  }
  Element* const* entering = window.entering + rows.passing;
  for (auto i = rows.entering; i > 0; --i, ++entering, weights += row, pixels += window.pixel_columns) {
    Element* to = *entering + at;
    accumulate_row<A, K, S>(
        acc, weights, load, [&](int x, const typename A::Right& value) __attribute__((always_inline)) {
          A::store_right(to + x * A::width, value);
        });
  }
}

// Floats of X accumulators.
template <class Isa, class A, int X>
using DepthwiseSums = typename Isa::vf[X][A::width / Isa::width];

template <class Isa, class A, int X>
[[gnu::always_inline]] inline void add_to_sums(typename A::Accumulator (&acc)[X], DepthwiseSums<Isa, A, X>& sums) {
  constexpr int parts = A::width / Isa::width;
  unroll<X>([&](auto x) __attribute__((always_inline)) {
    typename Isa::vf floats[parts];
    A::to_floats(acc[x], floats);
    unroll<parts>([&](auto p) __attribute__((always_inline)) { sums[x][p] = sums[x][p] + floats[p]; });
  });
}

// Any window. Where multiply-adds round to half, the accumulator is added to `sums` and starts again every `block` steps, but
// not after the last one.
template <class Isa, class A, int X, class T>
[[gnu::always_inline]] inline void accumulate_any_window(typename A::Accumulator (&acc)[X],
                                                         DepthwiseSums<Isa, A, X>& sums,
                                                         const DepthwiseWindow<T, typename A::Element>& window,
                                                         const typename A::Element* weights, std::size_t column,
                                                         std::size_t c, const DepthwiseArgs& args, std::size_t block) {
  const T* const* row = window.pixels + column;
  std::size_t left = block;
  for (std::size_t ky = 0; ky < args.kernel_height; ++ky, row += window.pixel_columns) {
    const T* const* pixels = row;
    for (std::size_t kx = 0; kx < args.kernel_width; ++kx, pixels += args.dilation_width, weights += A::width) {
      if constexpr (A::rounds_to_half) {
        if (left == 0) {
          add_to_sums<Isa, A>(acc, sums);
          unroll<X>([&](auto x) __attribute__((always_inline)) { acc[x] = A::zero(); });
          left = block;
        }
        --left;
      }
      const auto w = A::load_right(weights);
      unroll<X>([&](auto x) __attribute__((always_inline)) {
        acc[x] = A::fma(A::load_right(pixels[x * args.stride_width] + c), w, acc[x]);
      });
    }
  }
}

// Channels of a block, a multiple of the vector's width but at the block's end.
struct ChannelRange {
  std::size_t begin;
  std::size_t end;
};

// A chain of multiply-adds starts at the bias; one that rounds to half starts at +0, and the bias follows.
template <class Isa, class A, int X>
[[gnu::always_inline]] inline void start_chains(typename A::Accumulator (&acc)[X], DepthwiseSums<Isa, A, X>& sums,
                                                const float* bias) {
  if constexpr (A::rounds_to_half) {
    unroll<X>([&](auto x) __attribute__((always_inline)) {
      acc[x] = A::zero();
      for (auto& sum : sums[x]) sum = Isa::zero();
    });
  } else {
    const auto start = A::from_floats(bias);
    unroll<X>([&](auto x) __attribute__((always_inline)) { acc[x] = start; });
  }
}

// OneBlock: nothing was added to the sums before.
template <class Isa, class A, bool OneBlock, int X>
[[gnu::always_inline]] inline void end_chains(typename A::Accumulator (&acc)[X], DepthwiseSums<Isa, A, X>& sums,
                                              const float* bias) {
  if constexpr (A::rounds_to_half) {
    constexpr int parts = A::width / Isa::width;
    if constexpr (OneBlock) {
      unroll<X>([&](auto x) __attribute__((always_inline)) { A::to_floats(acc[x], sums[x]); });
    } else {
      add_to_sums<Isa, A>(acc, sums);
    }
    unroll<parts>([&](auto p) __attribute__((always_inline)) {
      const auto addend = Isa::load(bias + p * Isa::width) + Isa::zero();
      unroll<X>([&](auto x) __attribute__((always_inline)) { sums[x][p] = sums[x][p] + addend; });
    });
  } else {
    unroll<X>([&](auto x) __attribute__((always_inline)) { A::to_floats(acc[x], sums[x]); });
  }
}

// One output row of a block.
template <class T, class Element>
struct DepthwiseLine {
  const DepthwiseWindow<T, Element>& window;
  const DepthwiseArgs& args;
  std::size_t block;  // see accumulate_any_window()
};

// Where a tile goes. With bounds or hard-swish it is finished, of type T; `none`: raw sums in fp32.
struct DepthwiseOutput {
  Epilogue finish;
  void* to;
  std::size_t stride;  // elements between outputs
};

// What a tile function is compiled for.
enum class DepthwiseUse : unsigned char {
  common,  // finished, and DepthwiseRows' common case
  any,
  raw,
};

// `tiles` times X outputs, from output column `column` on, of the channels of a range. All channels of a pixel are stored
// together: pixels often lie a power of two apart and push one another out of the cache.
template <class Isa, class A, class T, int K, int S, int X, DepthwiseUse Use>
[[gnu::noinline]] void depthwise_tiles(const DepthwiseLine<T, typename A::Element>& line, std::size_t column,
                                       std::size_t tiles, ChannelRange range, DepthwiseOutput output) {
  constexpr int parts = A::width / Isa::width;
  constexpr std::size_t width = A::width;
  const auto& window = line.window;
  const DepthwiseArgs& args = line.args;
  const EpilogueArgs& epilogue = *args.epilogue;
  const std::size_t stride = output.stride;
  const std::size_t column_step = K == 0 ? args.stride_width : S;
  const std::size_t taps = K == 0 ? args.kernel_height * args.kernel_width : K * K;
  for (std::size_t tile = 0; tile < tiles; ++tile) {
    T* out = static_cast<T*>(output.to) + tile * X * stride;
    float* raw = static_cast<float*>(output.to) + tile * X * stride;
    const typename A::Element* weights = window.weights + range.begin * taps;
    const float* bias = args.bias + range.begin;
    const std::size_t first = (column + tile * X) * column_step;
    std::size_t at = first * width + range.begin / width * window.vector_pitch;
    for (std::size_t c = range.begin; c < range.end; c += width) {
      typename A::Accumulator acc[X];
      DepthwiseSums<Isa, A, X> sums;
      start_chains<Isa, A>(acc, sums, bias);
      if constexpr (K == 0) {
        accumulate_any_window<Isa, A>(acc, sums, window, weights, first, c - window.pixel_channel, args, line.block);
      } else {
        using Rows = std::conditional_t<has_strip<Isa, A, T, K, S>(), DepthwiseRows<Use == DepthwiseUse::common, K, S>,
                                        DepthwiseRowsInPlace<K>>;
        accumulate_window<A, Rows, K, S>(acc, window, weights, first, at, c - window.pixel_channel);
      }
      end_chains<Isa, A, K != 0>(acc, sums, bias);
      // To leave out a part that does not exist gains 7 % where channels are few, for 6 % more code.
      const TileChannels<Isa, parts> channels(range.end - c);
      auto store = [&](auto* to, const auto& activate) __attribute__((always_inline)) {
        unroll<X * parts>([&](auto i) __attribute__((always_inline)) {
          constexpr int x = i / parts;
          constexpr int part = i % parts;
          channels.template store<part>(to + x * stride, activate(sums[x][part]));
        });
      };
      if (Use != DepthwiseUse::raw && output.finish == Epilogue::clamp) {
        store(out, RegisterEpilogue<Isa, Epilogue::clamp>(epilogue));
      } else if (Use == DepthwiseUse::common || (Use == DepthwiseUse::any && output.finish == Epilogue::hswish)) {
        store(out, RegisterEpilogue<Isa, Epilogue::hswish>(epilogue));
      } else {
        store(raw, RegisterEpilogue<Isa, Epilogue::none>(epilogue));
      }
      out += width;
      raw += width;
      at += window.vector_pitch;
      weights += taps * width;
      bias += width;
    }
  }
}

// What cannot be finished in registers goes through a buffer of so many channels.
inline constexpr std::size_t depthwise_buffer_channels = 64;

// The functions of one window. They are few and large; what calls them is one for all windows.
template <class T, class Element>
struct DepthwiseTiles {
  using Fn = void (*)(const DepthwiseLine<T, Element>& line, std::size_t column, std::size_t tiles, ChannelRange range,
                      DepthwiseOutput output);
  bool strip;
  Fn common;
  Fn any;
  Fn half;  // half as wide, raw
};

// The first `count` outputs from output column `column` on, by way of the buffer. `row` is where the output row goes.
template <class Isa, class A, class T>
[[gnu::noinline]] void finish_by_buffer(typename DepthwiseTiles<T, typename A::Element>::Fn tile,
                                        const DepthwiseLine<T, typename A::Element>& line, std::size_t column,
                                        std::size_t count, ChannelRange channels, const Target& row) {
  float buffer[A::depthwise_columns * depthwise_buffer_channels];
  for (ChannelRange range{channels.begin, channels.begin}; range.begin < channels.end; range.begin = range.end) {
    const std::size_t left = channels.end - range.begin;
    range.end += left < depthwise_buffer_channels ? left : depthwise_buffer_channels;
    tile(line, column, 1, range, {Epilogue::none, buffer, depthwise_buffer_channels});
    Target target = row;
    target.out = static_cast<T*>(row.out) + column * row.out_stride + range.begin;
    if (row.residual != nullptr) {
      target.residual = static_cast<const T*>(row.residual) + column * row.residual_stride + range.begin;
    }
    target.channel += range.begin;
    target.channels = range.end - range.begin;
    finish_buffer<Isa>({buffer, count, depthwise_buffer_channels}, target, nullptr, *line.args.epilogue);
  }
}

// All output columns of the channels of a range.
template <class Isa, class A, class T>
[[gnu::noinline]] void depthwise_line(const DepthwiseTiles<T, typename A::Element>& tiles,
                                      const DepthwiseLine<T, typename A::Element>& line, ChannelRange range,
                                      bool in_registers, const Target& row) {
  constexpr std::size_t width = A::depthwise_columns;
  constexpr std::size_t half = (width + 1) / 2;
  const std::size_t columns = line.args.column_end - line.args.column_begin;
  std::size_t column = 0;
  if (in_registers && columns >= width) {
    column = columns / width * width;
    const auto tile = line.window.common ? tiles.common : tiles.any;
    T* out = static_cast<T*>(row.out) + range.begin;
    tile(line, 0, columns / width, range, {line.args.epilogue->kind, out, row.out_stride});
  }
  for (; column + half < columns; column += width) {
    const std::size_t left = columns - column;
    finish_by_buffer<Isa, A, T>(tiles.any, line, column, left < width ? left : width, range, row);
  }
  if (column < columns) finish_by_buffer<Isa, A, T>(tiles.half, line, column, columns - column, range, row);
}

template <class Isa, class A, class T>
[[gnu::noinline]] void depthwise_rectangle(const DepthwiseTiles<T, typename A::Element>& tiles,
                                           const DepthwiseArgs& args, std::size_t block) {
  const DepthwiseScratch scratch = lay_out_depthwise(args, tiles.strip, A::depthwise_columns, A::width, type_of<T>);
  DepthwiseInput<A, T> input(args, scratch);
  const std::size_t whole = args.channels / A::width * A::width;
  const bool in_registers =
      args.epilogue->kind != Epilogue::general && args.epilogue->residual == ResidualPosition::none;
  for (std::size_t row = args.row_begin; row < args.row_end; ++row) {
    const std::size_t pixel = row * args.output_width + args.column_begin;
    const T* residual = static_cast<const T*>(args.residual);
    if (residual != nullptr) residual += pixel * args.residual_stride;
    const Target target = {type_of<T>,           static_cast<T*>(args.out) + pixel * args.output_stride,
                           args.output_stride,   residual,
                           args.residual_stride, args.channels,
                           args.channel};
    const auto& window = input.window_for(row);
    if (whole != 0) depthwise_line<Isa, A, T>(tiles, {window, args, block}, {0, whole}, in_registers, target);
    if (whole != args.channels) {
      const auto tail = input.tail_window();
      depthwise_line<Isa, A, T>(tiles, {tail, args, block}, {whole, args.channels}, in_registers && HasMasks<Isa>,
                                target);
    }
  }
}

}  // namespace sixfold
