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

// Adds the products of the N input columns from column `First` on, of one kernel row whose weights are w; see accumulate_row().
template <class A, int K, int S, int First, int N, int X, int V, class Load, class Keep>
[[gnu::always_inline]] inline void accumulate_columns(typename A::Accumulator (&acc)[V][X],
                                                      const typename A::Right (&w)[V * K], const Load& load,
                                                      const Keep& keep) {
  constexpr int group = V == 1 ? 2 : 1;
  unroll<(N + group - 1) / group>([&](auto step) __attribute__((always_inline)) {
    constexpr int first = First + group * step;
    constexpr int count = First + N - first < group ? First + N - first : group;
    typename A::Right value[count * V];
    unroll<count * V>([&](auto i) __attribute__((always_inline)) { value[i] = load(first + i / V, i % V); });
    unroll<count * V>([&](auto i) __attribute__((always_inline)) { keep(first + i / V, i % V, value[i]); });
    unroll<count * X * V>([&](auto i) __attribute__((always_inline)) {
      constexpr int v = i % V;
      constexpr int x = i / V % X;
      constexpr int column = i / V / X;
      constexpr int kx = first + column - x * S;
      if constexpr (kx >= 0 && kx < K) acc[v][x] = A::fma(value[column * V + v], w[v * K + kx], acc[v][x]);
    });
  });
}

// Where a tile's outermost input columns are padding that is left out: `Left` columns and `Right`, if it is so.
template <int Left, int Right>
struct DepthwiseEdges {
  static constexpr int left = Left;
  static constexpr int right = Right;
  bool skips_left;
  bool skips_right;
};

// Adds one kernel row's products to X outputs of V channel vectors. load(i, v) is input column i, counted from the first output's,
// and keep(i, v, value) may put it away: two values at a time, which makes pairs of loads and of stores where an ISA has them.
// `pitch` is from one vector's weights to the next one's.
template <class A, int K, int S, int X, int V, class Edges, class Load, class Keep>
[[gnu::always_inline]] inline void accumulate_row(typename A::Accumulator (&acc)[V][X],
                                                  const typename A::Element* weights, std::size_t pitch,
                                                  const Edges& edges, const Load& load, const Keep& keep) {
  constexpr int columns = (X - 1) * S + K;
  constexpr int middle = columns - Edges::left - Edges::right;
  typename A::Right w[V * K];
  unroll<V * K>([&](auto i) __attribute__((always_inline)) {
    w[i] = A::load_right(weights + i / K * pitch + i % K * A::width);
  });
  if constexpr (Edges::left != 0) {
    if (!edges.skips_left) accumulate_columns<A, K, S, 0, Edges::left, X, V>(acc, w, load, keep);
  }
  accumulate_columns<A, K, S, Edges::left, middle, X, V>(acc, w, load, keep);
  if constexpr (Edges::right != 0) {
    if (!edges.skips_right) accumulate_columns<A, K, S, Edges::left + middle, Edges::right, X, V>(acc, w, load, keep);
  }
}

// How many kernel rows are in the strip, are read by pointers and not needed again, and enter the strip. All this is known at
// compile time for windows below the first one, with equal strides, and of which nothing is skipped: then compilers unroll the
// loops over rows.
template <bool Common, bool Skips, int K, int S>
struct DepthwiseRows {
  static constexpr int strip = K - S;
  static constexpr int entering = S < strip ? S : strip;
  static constexpr int passing = S - entering;
  template <class Window>
  constexpr explicit DepthwiseRows(const Window&) {}
};

// Other windows are rarer. What is not needed again enters the strip all the same, where a loop of its own would not pay.
template <bool Skips, int K, int S>
struct DepthwiseRows<false, Skips, K, S> {
  std::size_t strip;
  std::size_t passing;
  std::size_t entering;
  template <class Window>
  explicit DepthwiseRows(const Window& window)
      : strip(window.strip_rows),
        passing(S > K - S ? window.passing_rows : 0),
        entering((Skips ? window.rows : K) - window.strip_rows - passing) {}
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
// row would be converted several times, and for 5x5 windows: those took 0.85 to 1.17 of the time without. It would pay,
// too, for 3x3 windows of pixels a multiple of 2 KB apart, which push one another out of L1: with it, 512 and 1024 channels take 0.75
// to 0.9 of the time on Zen 5, and all others 1.1 to 1.4 times as long. Two functions a window are more code than that is worth.
template <class Isa, class A, class T, int K, int S>
constexpr bool has_strip() {
  constexpr bool converts = !std::is_same_v<typename A::Element, T>;
  if constexpr (requires { Isa::rereads_pixels; }) return K > 3 || (K == 3 && S == 1 && converts);
  return K != 0;
}

// Whether a kernel can leave out taps in the padding, where an Isa has `skips_padding`.
template <class Isa, int K>
constexpr bool skips_padding() {
  if constexpr (requires { Isa::skips_padding; }) return K > 3;
  return false;
}

// With "same" padding of an image whose size the stride divides, so many columns at each end are padding.
template <class Isa, int K, int S>
using DepthwiseEdgesOf =
    std::conditional_t<skips_padding<Isa, K>(), DepthwiseEdges<K / 2, K / 2 + 1 - S>, DepthwiseEdges<0, 0>>;

// Two vectors at once where an Isa has `depthwise_pairs` and pixels are read in place: a cache line of fp32 is read and written as
// a whole. If pixels lie a power of two apart, the lines of a tile push one another out of the cache, and the second half would be
// fetched again: with stride 2, windows take 0.75 to 0.95 of the time. With stride 1, that read each line three times, nothing is
// gained. Prefetching by software, at any distance, costs 5 to 60 %: a prefetch takes a load's place.
template <class Isa, class A, class T, int K, int S>
constexpr int vectors_at_once() {
  if constexpr (requires { Isa::depthwise_pairs; }) return K != 0 && S > 1 && !has_strip<Isa, A, T, K, S>() ? 2 : 1;
  return 1;
}

// Seven chains whose steps take 4 cycles keep two units busy for 7/8 of the time, and an activation's 2 to 6 operations an output
// take the same units. Two rows of outputs with weights from memory (14 chains) are 12 % faster when all is in L1, and up to 7 %
// slower from L2.
//
// A window of K columns, S apart. `column` is the first output's first one, `at` the same in the strip, `c` the channel.
template <class A, class Rows, int K, int S, int X, int V, class T, class Edges>
[[gnu::always_inline]] inline void accumulate_window(typename A::Accumulator (&acc)[V][X],
                                                     const DepthwiseWindow<T, typename A::Element>& window,
                                                     const Edges& edges, const typename A::Element* weights,
                                                     std::size_t column, std::size_t at, std::size_t c) {
  using Element = typename A::Element;
  constexpr int row = K * A::width;
  constexpr std::size_t pitch = K * row;
  const Rows rows(window);
  const auto nowhere = [](int, int, const typename A::Right&) __attribute__((always_inline)){};
  const Element* const* strip = window.strip;
  for (auto i = rows.strip; i > 0; --i, ++strip, weights += row) {
    const Element* from = *strip + at;
    const auto load = [&](int x, int) __attribute__((always_inline)) { return A::load_right(from + x * A::width); };
    accumulate_row<A, K, S, X, V>(acc, weights, pitch, edges, load, nowhere);
  }
  const T* const* pixels = window.pixels + column;
  const auto load = [&](int x, int v) __attribute__((always_inline)) {
    return A::load_right(pixels[x] + c + v * A::width);
  };
  for (auto i = rows.passing; i > 0; --i, weights += row, pixels += window.pixel_columns) {
    accumulate_row<A, K, S, X, V>(acc, weights, pitch, edges, load, nowhere);
  }
  Element* const* entering = window.entering + rows.passing;
  for (auto i = rows.entering; i > 0; --i, ++entering, weights += row, pixels += window.pixel_columns) {
    Element* to = *entering + at;
    accumulate_row<A, K, S, X, V>(
        acc, weights, pitch, edges,
        load, [&](int x, int, const typename A::Right& value) __attribute__((always_inline)) {
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

// Where a step begins.
template <class T, class Element>
struct DepthwisePlace {
  std::size_t column;  // the input column of the first output
  std::size_t at;      // the same in the strip
  std::size_t c;       // the channel
  const Element* weights;
  const float* bias;
  T* out;
  float* raw;  // the same for raw sums
};

// X outputs of V channel vectors, of the channels before `end`.
template <class Isa, class A, class T, int K, int S, int X, int V, DepthwiseUse Use>
[[gnu::always_inline]] inline void depthwise_step(const DepthwiseLine<T, typename A::Element>& line, std::size_t end,
                                                  Epilogue finish, std::size_t stride, const EpilogueArgs& epilogue,
                                                  const DepthwisePlace<T, typename A::Element>& place) {
  constexpr int parts = A::width / Isa::width;
  const auto& window = line.window;
  const std::size_t c = place.c - window.pixel_channel;
  typename A::Accumulator acc[V][X];
  DepthwiseSums<Isa, A, X> sums[V];
  unroll<V>([&](auto v)
                __attribute__((always_inline)) { start_chains<Isa, A>(acc[v], sums[v], place.bias + v * A::width); });
  if constexpr (K == 0) {
    accumulate_any_window<Isa, A>(acc[0], sums[0], window, place.weights, place.column, c, line.args, line.block);
  } else {
    DepthwiseEdgesOf<Isa, K, S> edges{};
    if constexpr (skips_padding<Isa, K>()) {
      edges.skips_left = place.column + edges.left <= window.first_column;
      edges.skips_right = place.column + (X - 1) * S + K >= window.end_column + edges.right;
    }
    using Rows = std::conditional_t<has_strip<Isa, A, T, K, S>(),
                                    DepthwiseRows<Use == DepthwiseUse::common, skips_padding<Isa, K>(), K, S>,
                                    DepthwiseRowsInPlace<K>>;
    accumulate_window<A, Rows, K, S, X, V>(acc, window, edges, place.weights, place.column, place.at, c);
  }
  unroll<V>([&](auto v) __attribute__((always_inline)) {
    end_chains<Isa, A, K != 0>(acc[v], sums[v], place.bias + v * A::width);
  });
  // To leave out a part that does not exist gains 7 % where channels are few, for 6 % more code.
  const TileChannels<Isa, V * parts> channels(end - place.c);
  auto store = [&](auto* to, const auto& activate) __attribute__((always_inline)) {
    unroll<X * V * parts>([&](auto i) __attribute__((always_inline)) {
      constexpr int x = i / (V * parts);
      constexpr int part = i % (V * parts);
      channels.template store<part>(to + x * stride, activate(sums[part / parts][x][part % parts]));
    });
  };
  if (Use != DepthwiseUse::raw && finish == Epilogue::clamp) {
    store(place.out, RegisterEpilogue<Isa, Epilogue::clamp>(epilogue));
  } else if (Use == DepthwiseUse::common || (Use == DepthwiseUse::any && finish == Epilogue::hswish)) {
    store(place.out, RegisterEpilogue<Isa, Epilogue::hswish>(epilogue));
  } else {
    store(place.raw, RegisterEpilogue<Isa, Epilogue::none>(epilogue));
  }
}

// `tiles` times X outputs, from output column `column` on, of the channels of a range. All channels of a pixel are stored
// together: pixels often lie a power of two apart and push one another out of the cache.
template <class Isa, class A, class T, int K, int S, int X, DepthwiseUse Use>
[[gnu::noinline]] void depthwise_tiles(const DepthwiseLine<T, typename A::Element>& line, std::size_t column,
                                       std::size_t tiles, ChannelRange range, DepthwiseOutput output) {
  constexpr int V = Use == DepthwiseUse::raw ? 1 : vectors_at_once<Isa, A, T, K, S>();
  constexpr std::size_t width = A::width;
  const auto& window = line.window;
  const DepthwiseArgs& args = line.args;
  const EpilogueArgs& epilogue = *args.epilogue;
  const std::size_t stride = output.stride;
  const std::size_t column_step = K == 0 ? args.stride_width : S;
  const std::size_t taps = K == 0 ? args.kernel_height * args.kernel_width : K * K;
  for (std::size_t tile = 0; tile < tiles; ++tile) {
    const std::size_t first = (column + tile * X) * column_step;
    DepthwisePlace<T, typename A::Element> place = {first,
                                                    first * width + range.begin / width * window.vector_pitch,
                                                    range.begin,
                                                    window.weights + range.begin * taps,
                                                    args.bias + range.begin,
                                                    static_cast<T*>(output.to) + tile * X * stride,
                                                    static_cast<float*>(output.to) + tile * X * stride};
    const auto advance = [&](std::size_t vectors) __attribute__((always_inline)) {
      place.at += vectors * window.vector_pitch;
      place.c += vectors * width;
      place.weights += vectors * taps * width;
      place.bias += vectors * width;
      place.out += vectors * width;
      place.raw += vectors * width;
    };
    if constexpr (V > 1) {
      // So many columns' accumulators and the weights of a row fit the registers.
      constexpr int most = 4;
      while (place.c + V * width <= range.end) {
        unroll<(X + most - 1) / most>([&](auto part) __attribute__((always_inline)) {
          constexpr int before = part * most;
          constexpr int count = X - before < most ? X - before : most;
          DepthwisePlace<T, typename A::Element> here = place;
          here.column += before * S;
          here.out += before * stride;
          here.raw += before * stride;
          depthwise_step<Isa, A, T, K, S, count, V, Use>(line, range.end, output.finish, stride, epilogue, here);
        });
        advance(V);
      }
    }
    for (; place.c < range.end; advance(1))
      depthwise_step<Isa, A, T, K, S, X, 1, Use>(line, range.end, output.finish, stride, epilogue, place);
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
  DepthwiseInput<A, T, skips_padding<Isa, depthwise_max_rows>()> input(args, scratch);
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
