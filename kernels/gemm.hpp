// Register-tiled matrix product with a fused epilogue; see gemm_args.hpp.
//
// A tile of R pixels x V vectors is held in registers over the whole depth. Pixels are split into tiles of nearly equal
// height, so that no row is computed twice and few tiles are too short to hide the latency of the multiply-add. One function
// a tile shape serves all types and epilogues: only the loop over the depth must be fast, and it is the same.
#pragma once

#include <cstddef>
#include <type_traits>

#include "arithmetic.hpp"
#include "epilogue.hpp"
#include "gemm_args.hpp"
#include "half.hpp"
#include "row_list.hpp"
#include "unroll.hpp"

namespace sixfold {

// Fetches the next panel while one is multiplied. Where a network has run since they were last used, weights come from beyond
// the second-level cache, and a panel's first tile would wait for them.
template <class A, bool fetches = (A::gemm_tiles[0].rows > 4)>
class FetchAhead {
 public:
  // Nothing: asks for the same line all the time, one that is in the first-level cache.
  explicit FetchAhead(const void* cached) : next_(static_cast<const char*>(cached)), step_(0) {}
  // What is at `next`, rows of so many bytes.
  FetchAhead(const void* next, std::size_t row_bytes)
      : next_(static_cast<const char*>(next)), step_(row_bytes * A::left_step) {}

  // Each of `tiles` tiles fetches its part of what else one would.
  [[gnu::always_inline]] void share_out(std::size_t tiles) {
    if (step_ != 0) step_ = step_ < tiles ? 1 : step_ / tiles;
  }

  // What goes with left_step steps of depth.
  [[gnu::always_inline]] void operator()() {
    __builtin_prefetch(next_, 0, 2);  // into the second-level cache: into the first it gains no more
    next_ += step_;
  }

 private:
  const char* next_;
  std::size_t step_;  // bytes
};

// For arithmetics of low tiles only: emulated sums, which leave enough time as it is, scalar code, and 32-bit Arm.
template <class A>
class FetchAhead<A, false> {
 public:
  explicit FetchAhead(const void*) {}
  FetchAhead(const void*, std::size_t) {}
  void share_out(std::size_t) {}
  void operator()() {}
};

// The form of GemmArgs that the tile functions work on: the arithmetic's elements on the left, and one packed panel of P.
template <class A, class P = typename A::Element>
struct GemmPanel {
  const typename A::Element* const* left;
  std::size_t left_pitch;
  std::size_t run_step;
  std::size_t runs;
  std::size_t run_length;
  std::size_t block;  // steps of a block, for arithmetics that round to half; at least 1
  const P* panel;
  std::size_t panel_channels;  // packed_channels()
  std::size_t panel_pitch;     // elements to the next panel, for tiles of several
  const float* bias;
  Target target;
  const EpilogueArgs* epilogue;
  FetchAhead<A> ahead;  // moves on with each tile
};

// Where the left operand lies; see GemmArgs.
template <class Element>
struct LeftOperand {
  const Element* const* rows;
  std::size_t pitch;
  std::size_t run_step;
};

// One step of depth of the panels under a tile of V vectors, W of which are a panel.
template <class A, int W, class P>
struct PanelStep {
  std::size_t channels;
  std::size_t pitch;

  template <int V>
  [[gnu::always_inline]] void load(const P* b, typename A::Right (&right)[V]) const {
    unroll<V>([&](auto v) __attribute__((always_inline)) {
      right[v] = A::load_right(b + (v / W) * pitch + (v % W) * A::width);
    });
  }

  // The cache lines that a later step of each panel loads.
  template <int V>
  [[gnu::always_inline]] void fetch(const P* b) const {
    constexpr std::size_t line = 64;
    constexpr std::size_t lines = (W * A::width * sizeof(P) + line - 1) / line;
    unroll<V / W * lines>([&](auto i) __attribute__((always_inline)) {
      const char* row = reinterpret_cast<const char*>(b + (i / lines) * pitch);
      __builtin_prefetch(row + A::one_pixel.fetch_bytes + i % lines * line);
    });
  }
};

// Whether tiles of R x V, W vectors a panel, are one pixel's over several panels, and the arithmetic wants their weights fetched.
template <class A, int W, int R, int V>
constexpr bool fetches_for_one_pixel() {
  if constexpr (requires { A::one_pixel; }) return A::one_pixel.fetch_bytes != 0 && R == 1 && V > W;
  return false;
}

// Low tiles are for products of few pixels, which go through the weights as fast as these come; narrow ones are for the last
// channels, behind which nothing is to be fetched.
template <class A, int R, int V>
inline constexpr bool fetches_ahead = 2 * R > A::gemm_tiles[0].rows && (V > 1 || A::gemm_tiles[0].vectors == 1);

// acc += a[0..R][k..k + left_step] * b; returns where the next rows of b are.
template <class A, int W, int R, int V, class P>
[[gnu::always_inline]] inline const P* accumulate_step(typename A::Accumulator (&acc)[R][V],
                                                       const typename A::Element* const (&a)[R], std::size_t k,
                                                       const P* b, const PanelStep<A, W, P>& panels) {
  using Right = typename A::Right;
  constexpr int step = A::left_step;
  typename A::Left lanes[R];
  if constexpr (step > 1) {
    unroll<R>([&](auto r) __attribute__((always_inline)) { lanes[r] = A::load_left(a[r] + k); });
  }
  unroll<step>([&](auto lane) __attribute__((always_inline)) {
    Right right[V];
    panels.load(b, right);
    if constexpr (fetches_for_one_pixel<A, W, R, V>()) panels.template fetch<V>(b);
    unroll<R>([&](auto r) __attribute__((always_inline)) {
      // Loaded just before its use: an ISA that broadcasts from memory needs one register for it, not R.
      if constexpr (step == 1) lanes[r] = A::load_left(a[r] + k);
      unroll<V>([&](auto v) __attribute__((always_inline)) {
        acc[r][v] = A::template fma_left<lane>(lanes[r], right[v], acc[r][v]);
      });
    });
    b += panels.channels;
  });
  return b;
}

// acc += a[0..R][begin..end] * b; returns where b ends.
template <class A, int W, int R, int V, class P>
[[gnu::always_inline]] inline const P* accumulate_run(typename A::Accumulator (&acc)[R][V],
                                                      const typename A::Element* const* left, std::size_t begin,
                                                      std::size_t end, const P* b, PanelStep<A, W, P> panels,
                                                      FetchAhead<A>& ahead) {
  using Right = typename A::Right;
  using Left = typename A::Left;
  constexpr int step = A::left_step;
  if constexpr (A::width <= packed_multiple) panels.channels = W * A::width;  // known when compiled
  const typename A::Element* a[R];
  unroll<R>([&](auto r) __attribute__((always_inline)) { a[r] = left[r]; });

  // Two, three or four steps a turn gain nothing on AVX2: its ports for integers are idle.
  std::size_t k = begin;
  if constexpr (step == 1) {
    for (; k < end; ++k) {
      // Else compilers move on a pointer for each pixel, and shallow products lose 2 % of their time.
      if constexpr (requires { A::shares_index; }) __asm__("" : "+r"(k));
      b = accumulate_step(acc, a, k, b, panels);
      if constexpr (fetches_ahead<A, R, V>) ahead();
    }
  } else {
    if (std::size_t turns = (end - begin) / step; turns != 0) {
      do {
        b = accumulate_step(acc, a, k, b, panels);
        if constexpr (fetches_ahead<A, R, V>) ahead();
        k += step;
      } while (--turns != 0);
      // A place for copies to the loop below: without it compilers make them in every turn of this one.
      __asm__ volatile("");
    }
    for (; k < end; ++k) {
      __asm__("" : "+r"(k));  // an unknown number of rounds: else the compiler writes out all that there can be
      Right right[V];
      panels.load(b, right);
      unroll<R>([&](auto r) __attribute__((always_inline)) {
        const Left value = A::load_left_one(a[r] + k);
        unroll<V>([&](auto v) __attribute__((always_inline)) {
          acc[r][v] = A::template fma_left<0>(value, right[v], acc[r][v]);
        });
      });
      b += panels.channels;
    }
  }
  return b;
}

// The epilogue of a tile in memory that starts at pixel `first` of the target.
template <class Isa, class Element>
[[gnu::noinline]] void finish_below(const TileIn<Element>& buffer, const Target& target, std::size_t first,
                                    const float* bias, const EpilogueArgs& args) {
  const std::size_t bytes = size_of(target.type);
  Target below = target;
  below.out = static_cast<unsigned char*>(target.out) + first * target.out_stride * bytes;
  if (target.residual != nullptr) {
    below.residual = static_cast<const unsigned char*>(target.residual) + first * target.residual_stride * bytes;
  }
  finish_buffer<Isa>(buffer, below, bias, args);
}

// A tile whose chains start at the bias and run through.
template <class Isa, class A, int R, int V, int W, class P>
[[gnu::always_inline]] inline void compute_tile(GemmPanel<A, P>& p, std::size_t first) {
  constexpr int vectors = V * (A::width / Isa::width);
  typename A::Accumulator acc[R][V];
  unroll<V>([&](auto v) __attribute__((always_inline)) {
    const auto bias = A::from_floats(p.bias + v * A::width);
    unroll<R>([&](auto r) __attribute__((always_inline)) { acc[r][v] = bias; });
  });
  const TileOutput<Isa> out(p.target, first);
  const P* b = p.panel;
  auto left = p.left + first;
  FetchAhead<A> ahead = p.ahead;
  std::size_t k = 0;
  for (std::size_t run = 0; run < p.runs; ++run, left += p.left_pitch, k += p.run_step) {
    b = accumulate_run(acc, left, k, k + p.run_length, b, PanelStep<A, W, P>{p.panel_channels, p.panel_pitch}, ahead);
  }
  p.ahead = ahead;
  typename Isa::vf tile[R][vectors];
  tile_to_floats<Isa, A>(acc, tile);
  constexpr std::size_t width = vectors * Isa::width;
  if (finishes_in_registers<Isa>(p.target, width, *p.epilogue)) {
    constexpr bool halves = !std::is_same_v<typename A::Element, float>;
    return finish_registers<Isa, halves>(tile, p.target, first, out, *p.epilogue);
  }
  float buffer[R * width];
  store_tile<Isa>(tile, buffer);
  finish_below<Isa>(TileBuffer{buffer, R, width}, p.target, first, nullptr, *p.epilogue);
}

// The accumulators as they are, in memory.
template <class A, int R, int V>
[[gnu::always_inline]] inline void store_block(const typename A::Accumulator (&acc)[R][V], typename A::Element* block) {
  unroll<R * V>([&](auto i)
                    __attribute__((always_inline)) { A::store_right(block + i * A::width, acc[i / V][i % V]); });
}

// total += block, or total = block
template <class Isa, class Element>
[[gnu::noinline]] void add_block(float* total, const Element* block, std::size_t count, bool first) {
  for (std::size_t i = 0; i < count; i += Isa::width) {
    const auto sum = Isa::load(block + i);
    Isa::store(total + i, first ? sum : Isa::load(total + i) + sum);
  }
}

// A tile whose chains start at +0 and are cut into blocks. All that follows a block's multiply-adds is one function for all
// tile shapes, by way of memory, which as halves are little.
template <class Isa, class A, int R, int V, int W, class P>
[[gnu::always_inline]] inline void compute_tile_by_blocks(GemmPanel<A, P>& p, std::size_t first) {
  constexpr std::size_t width = V * A::width;
  alignas(64) typename A::Element block[R * width];
  alignas(64) float total[R * width];
  const P* b = p.panel;
  auto left = p.left + first;
  FetchAhead<A> ahead = p.ahead;
  std::size_t run = 0;
  std::size_t run_begin = 0;
  std::size_t k = 0;
  bool first_block = true;
  do {
    typename A::Accumulator acc[R][V];
    unroll<R>([&](auto r) __attribute__((always_inline)) {
      unroll<V>([&](auto v) __attribute__((always_inline)) { acc[r][v] = A::zero(); });
    });
    for (std::size_t room = p.block; room != 0 && run < p.runs;) {
      const std::size_t steps = p.run_length - k < room ? p.run_length - k : room;
      b = accumulate_run(acc, left, run_begin + k, run_begin + k + steps, b,
                         PanelStep<A, W, P>{p.panel_channels, p.panel_pitch}, ahead);
      room -= steps;
      k += steps;
      if (k < p.run_length) continue;
      k = 0;
      ++run;
      left += p.left_pitch;
      run_begin += p.run_step;
    }
    p.ahead = ahead;
    store_block<A>(acc, block);
    if (first_block && run == p.runs && p.epilogue->kind != Epilogue::general) {
      return finish_below<Isa>(TileIn<typename A::Element>{block, R, width}, p.target, first, p.bias, *p.epilogue);
    }
    add_block<Isa>(total, block, R * width, first_block);
    first_block = false;
  } while (run < p.runs);
  finish_below<Isa>(TileBuffer{total, R, width}, p.target, first, p.bias, *p.epilogue);
}

// `tiles` tiles of R pixels, one below the other, from pixel `first` on. W vectors are a panel.
template <class Isa, class A, int R, int V, int W = V, class P>
[[gnu::noinline]] void gemm_tiles(GemmPanel<A, P>& p, std::size_t first, std::size_t tiles) {
  for (; tiles > 0; --tiles, first += R) {
    if constexpr (A::rounds_to_half) {
      compute_tile_by_blocks<Isa, A, R, V, W>(p, first);
    } else {
      compute_tile<Isa, A, R, V, W>(p, first);
    }
  }
}

// Calls gemm_tiles for the tile height `rows`, 1 to R.
template <class Isa, class A, int R, int V>
inline void gemm_tiles_of(std::size_t rows, GemmPanel<A>& p, std::size_t first, std::size_t tiles) {
  if (tiles == 0) return;
  if constexpr (R > 1) {
    if (rows < R) return gemm_tiles_of<Isa, A, R - 1, V>(rows, p, first, tiles);
  }
  gemm_tiles<Isa, A, R, V>(p, first, tiles);
}

// `pixels` pixels from `first` on.
template <class Isa, class A, int R, int V>
[[gnu::noinline]] void gemm_panel(GemmPanel<A>& p, std::size_t first, std::size_t pixels) {
  const std::size_t tiles = (pixels + R - 1) / R;
  p.ahead.share_out(tiles);
  const std::size_t rows = pixels / tiles;
  const std::size_t taller = pixels % tiles;  // this many tiles have one row more
  gemm_tiles_of<Isa, A, R, V>(rows + 1, p, first, taller);
  gemm_tiles_of<Isa, A, R, V>(rows, p, first + taller * (rows + 1), tiles - taller);
}

// The target of the panel of `width` channels at channel `c` of the call, from pixel `first` on.
template <class Isa, std::size_t width>
Target panel_target(const GemmArgs& args, Type type, std::size_t first, std::size_t c) {
  const std::size_t bytes = size_of(type);
  const unsigned char* residual = static_cast<const unsigned char*>(args.residual);
  if (residual != nullptr) residual += (first * args.residual_stride + c) * bytes;
  unsigned char* out = static_cast<unsigned char*>(args.out) + (first * args.out_stride + c) * bytes;
  return {type,
          out,
          args.out_stride,
          residual,
          args.residual_stride,
          args.channels - c < width ? args.channels - c : width,
          args.channel + c};
}

// Fetches the panel at `next`, which is the first of those for `channels` channels.
template <class A, class P>
[[gnu::always_inline]] inline FetchAhead<A> fetch_panel(const P* next, std::size_t channels, std::size_t width) {
  return {next, packed_channels(channels, width, A::width) * sizeof(P)};
}

// The first of the call's panels, which are at `weights`. Nothing is fetched ahead.
template <class Isa, class A, int V, class P>
[[gnu::always_inline]] inline GemmPanel<A, P> first_panel(const GemmArgs& args, std::size_t block,
                                                          const LeftOperand<typename A::Element>& left,
                                                          const P* weights, Type type) {
  constexpr std::size_t width = V * A::width;
  return {.left = left.rows,
          .left_pitch = left.pitch,
          .run_step = left.run_step,
          .runs = args.runs,
          .run_length = args.run_length,
          .block = block,
          .panel = weights,
          .panel_channels = packed_channels(args.channels, width, A::width),
          .panel_pitch = args.runs * args.run_length * width,
          .bias = args.bias,
          .target = panel_target<Isa, width>(args, type, 0, 0),
          .epilogue = args.epilogue,
          .ahead = FetchAhead<A>(weights)};
}

// How many panels of V vectors one pixel's product goes over side by side. A panel by itself has too few chains to hide the
// latency of the multiply-add.
template <class A, int V>
constexpr int panels_of_one_pixel() {
  if constexpr (requires { A::one_pixel; }) {
    return (A::one_pixel.vectors + V - 1) / V;
  } else {
    return 1;
  }
}

// Points p to the panels under a tile of `width` channels from channel `c` of the call on.
template <class Isa, std::size_t width, class A, class P>
[[gnu::always_inline]] inline void go_to_panel(GemmPanel<A, P>& p, const GemmArgs& args, const P* weights,
                                               std::size_t c) {
  p.panel = weights + c * (args.runs * args.run_length);
  p.bias = args.bias + c;
  p.target = panel_target<Isa, width>(args, p.target.type, 0, c);
}

// The product of one pixel with panels, as many as fill whole tiles; returns how many channels those have.
// Fetching the panels behind them gains nothing here: the third-level cache gives no more.
template <class Isa, class A, int V, class P>
std::size_t gemm_one_pixel(const GemmArgs& args, GemmPanel<A, P>& p, const P* weights) {
  constexpr int panels = panels_of_one_pixel<A, V>();
  std::size_t c = 0;
  if constexpr (panels > 1) {
    constexpr std::size_t width = panels * V * A::width;
    p.panel_channels = V * A::width;
    for (; c + width <= args.channels; c += width) {
      go_to_panel<Isa, width>(p, args, weights, c);
      gemm_tiles<Isa, A, 1, panels * V, V>(p, 0, 1);
    }
  }
  return c;
}

// How many of the `pixels` that are left go through all panels before the next do. Few, where there are several panels and
// their weights stay in L1 beside the pixels: a panel that goes over many writes a piece of each row, and stores find neither the
// rows in L1 nor, perhaps, their pages on CPUs that know few pages of stores (16 on Golden Cove): all at once took 1.05 times as
// long there as 24 or 48. Not fewer: each portion starts every panel again. On Zen 5, 24 pixels take 1.05 times as long as all at
// once, and up to 1.3 times while others disturb the machine; 96 take 1.01 to 1.05 times, and up to 1.1.
// (To prefetch the rows' lines as well gains nothing; stores past the caches gain 2 % of such a layer, and the next one would pay.)
[[gnu::always_inline]] inline std::size_t portion_of(std::size_t pixels, bool panels_stay) {
  constexpr std::size_t portion = 96;  // full tiles for every tile height in use
  return panels_stay && pixels >= 2 * portion ? portion : pixels;
}

// A product whose operands are what the arithmetic reads.
template <class Isa, class A, int R, int V>
void gemm_direct(const GemmArgs& args, std::size_t block) {
  using Element = typename A::Element;
  constexpr std::size_t width = V * A::width;
  const Element* weights = static_cast<const Element*>(args.weights);
  const LeftOperand<Element> left = {reinterpret_cast<const Element* const*>(args.left), args.left_pitch,
                                     args.run_step};
  GemmPanel<A> p = first_panel<Isa, A, V>(args, block, left, weights, type_of<Element>);
  const std::size_t begin = args.pixels == 1 ? gemm_one_pixel<Isa, A, V>(args, p, weights) : 0;
  constexpr std::size_t resident_bytes = 16 * 1024;
  const bool panels_stay = HasPixelPortions<Isa> && args.channels > width &&
                           args.channels * p.panel_pitch <= width * resident_bytes / sizeof(Element);
  for (std::size_t first = 0; first < args.pixels;) {
    const std::size_t pixels = portion_of(args.pixels - first, panels_stay);
    for (std::size_t c = begin; c < args.channels; c += width) {
      go_to_panel<Isa, width>(p, args, weights, c);
      const std::size_t channels = args.channels - c;
      p.panel_channels = packed_channels(channels, width, A::width);
      p.ahead = first == 0 && channels > width ? fetch_panel<A>(p.panel + p.panel_pitch, channels - width, width)
                                               : FetchAhead<A>(p.panel);
      gemm_panel<Isa, A, R, V>(p, first, pixels);
    }
    first += pixels;
  }
}

}  // namespace sixfold
