// Register-tiled matrix product with a fused epilogue; see gemm_args.hpp.
//
// A tile of R pixels x V vectors is held in registers over the whole depth. Pixels are split into tiles of nearly equal
// height, so that no row is computed twice and few tiles are too short to hide the latency of the multiply-add.
#pragma once

#include <cstddef>
#include <type_traits>

#include "epilogue.hpp"
#include "gemm_args.hpp"
#include "half.hpp"
#include "row_list.hpp"
#include "unroll.hpp"

namespace sixfold {

// The form of GemmArgs that the micro-kernel works on: fp32 on the left, and one packed panel of P.
template <class T, class P = float>
struct GemmPanel {
  const float* const* left;
  std::size_t left_pitch;
  std::size_t runs;
  std::size_t run_length;
  const P* panel;
  const float* bias;
  TileTarget<T> target;
  const EpilogueArgs* epilogue;
};

// acc += a[0..R][0..length] * b; returns where b ends.
template <class Isa, int R, int V, class P>
[[gnu::always_inline]] inline const P* accumulate_run(typename Isa::vf (&acc)[R][V], const float* const* left,
                                                      std::size_t length, const P* b) {
  using vf = typename Isa::vf;
  using Left = typename Isa::Left;
  constexpr int step = Isa::left_step;
  const float* a[R];
  unroll<R>([&](auto r) __attribute__((always_inline)) { a[r] = left[r]; });

  std::size_t k = 0;
  for (; k + step <= length; k += step) {
    Left lanes[R];
    if constexpr (step > 1) {
      unroll<R>([&](auto r) __attribute__((always_inline)) { lanes[r] = Isa::load_left(a[r] + k); });
    }
    unroll<step>([&](auto lane) __attribute__((always_inline)) {
      vf right[V];
      unroll<V>([&](auto v) __attribute__((always_inline)) { right[v] = Isa::load(b + v * Isa::width); });
      unroll<R>([&](auto r) __attribute__((always_inline)) {
        // Loaded just before its use: an ISA that broadcasts from memory needs one register for it, not R.
        if constexpr (step == 1) lanes[r] = Isa::load_left(a[r] + k);
        unroll<V>([&](auto v) __attribute__((always_inline)) {
          acc[r][v] = Isa::template fma_left<lane>(lanes[r], right[v], acc[r][v]);
        });
      });
      b += V * Isa::width;
    });
  }
  if constexpr (step > 1) {
    for (; k < length; ++k) {
      vf right[V];
      unroll<V>([&](auto v) __attribute__((always_inline)) { right[v] = Isa::load(b + v * Isa::width); });
      unroll<R>([&](auto r) __attribute__((always_inline)) {
        const Left value = Isa::load_left_one(a[r] + k);
        unroll<V>([&](auto v) __attribute__((always_inline)) {
          acc[r][v] = Isa::template fma_left<0>(value, right[v], acc[r][v]);
        });
      });
      b += V * Isa::width;
    }
  }
  return b;
}

// `tiles` tiles of R pixels, one below the other, from pixel `first` on.
template <class Isa, class T, Epilogue E, int R, int V, class P>
[[gnu::noinline]] void gemm_tiles(const GemmPanel<T, P>& p, std::size_t first, std::size_t tiles) {
  using vf = typename Isa::vf;
  for (std::size_t tile = 0; tile < tiles; ++tile, first += R) {
    vf acc[R][V];
    unroll<V>([&](auto v) __attribute__((always_inline)) {
      const vf bias = Isa::load(p.bias + v * Isa::width);
      unroll<R>([&](auto r) __attribute__((always_inline)) { acc[r][v] = bias; });
    });
    const P* b = p.panel;
    const float* const* left = p.left + first;
    for (std::size_t run = 0; run < p.runs; ++run, left += p.left_pitch) {
      b = accumulate_run<Isa, R, V>(acc, left, p.run_length, b);
    }
    TileTarget<T> target = p.target;
    target.out += first * target.out_stride;
    if (target.residual != nullptr) target.residual += first * target.residual_stride;
    finish_tile<Isa, E, R, V>(acc, target, *p.epilogue);
  }
}

// Calls gemm_tiles for the tile height `rows`, 1 to R.
template <class Isa, class T, Epilogue E, int R, int V>
inline void gemm_tiles_of(std::size_t rows, const GemmPanel<T>& p, std::size_t first, std::size_t tiles) {
  if (tiles == 0) return;
  if constexpr (R > 1) {
    if (rows < R) return gemm_tiles_of<Isa, T, E, R - 1, V>(rows, p, first, tiles);
  }
  gemm_tiles<Isa, T, E, R, V>(p, first, tiles);
}

template <class Isa, class T, Epilogue E, int R, int V>
void gemm_panel(const GemmPanel<T>& p, std::size_t pixels) {
  const std::size_t tiles = (pixels + R - 1) / R;
  const std::size_t rows = pixels / tiles;
  const std::size_t taller = pixels % tiles;  // this many tiles have one row more
  gemm_tiles_of<Isa, T, E, R, V>(rows + 1, p, 0, taller);
  gemm_tiles_of<Isa, T, E, R, V>(rows, p, taller * (rows + 1), tiles - taller);
}

template <class Isa>
[[gnu::always_inline]] inline void convert_vector(const Half* from, float* to) {
  Isa::store(to, Isa::load(from));
}

template <class Isa>
[[gnu::always_inline]] inline void convert_halves(const Half* from, float* to, std::size_t count) {
  constexpr std::size_t width = Isa::width;
  std::size_t i = 0;
  for (; i + 4 * width <= count; i += 4 * width) {
    unroll<4>([&](auto v)
                  __attribute__((always_inline)) { convert_vector<Isa>(from + i + v * width, to + i + v * width); });
  }
  for (; i + width <= count; i += width) convert_vector<Isa>(from + i, to + i);
  if (i == count) return;
  if (count >= width) {  // once more the last whole vector: cheaper than part of one
    convert_vector<Isa>(from + count - width, to + count - width);
  } else {
    Isa::store_partial(to, Isa::load_partial(from, count), count);
  }
}

// Converts `count` pixels from `first` on to rows of floats, and points to them.
template <class Isa>
[[gnu::noinline]] void convert_pixels(const GemmArgs& args, std::size_t first, std::size_t count, float* floats,
                                      const float** rows) {
  const std::size_t row_floats = half_row_floats(args.runs * args.run_length);
  for (std::size_t m = 0; m < count; ++m, floats += row_floats) {
    rows[m] = floats;
    for (std::size_t run = 0; run < args.runs; ++run) {
      const Half* from = static_cast<const Half*>(args.left[run * args.left_pitch + first + m]);
      convert_halves<Isa>(from, floats + run * args.run_length, args.run_length);
    }
  }
}

// The target of the panel at channel `c` of the call, from pixel `first` on.
template <class T>
TileTarget<T> panel_target(const GemmArgs& args, std::size_t first, std::size_t c) {
  const T* residual = static_cast<const T*>(args.residual);
  if (residual != nullptr) residual += first * args.residual_stride + c;
  T* out = static_cast<T*>(args.out) + first * args.out_stride + c;
  return {out, args.out_stride, residual, args.residual_stride, args.channels - c, args.channel + c};
}

template <class Isa, Epilogue E, int R, int V>
void gemm_floats(const GemmArgs& args) {
  constexpr std::size_t width = V * Isa::width;
  const float* const* left = reinterpret_cast<const float* const*>(args.left);
  const float* panel = static_cast<const float*>(args.weights);
  const std::size_t depth = args.runs * args.run_length;
  for (std::size_t c = 0; c < args.channels; c += width, panel += depth * width) {
    gemm_panel<Isa, float, E, R, V>({left, args.left_pitch, args.runs, args.run_length, panel, args.bias + c,
                                     panel_target<float>(args, 0, c), args.epilogue},
                                    args.pixels);
  }
}

// One pixel: a panel is used once, and is converted on its way into the product.
template <class Isa, Epilogue E, int V>
void gemm_halves_of_one_pixel(const GemmArgs& args) {
  constexpr std::size_t width = V * Isa::width;
  const std::size_t depth = args.runs * args.run_length;
  const float** rows = static_cast<const float**>(args.scratch);
  float* left_floats = reinterpret_cast<float*>(static_cast<unsigned char*>(args.scratch) + half_pointers_bytes(1));
  convert_pixels<Isa>(args, 0, 1, left_floats, rows);
  const Half* panel = static_cast<const Half*>(args.weights);
  for (std::size_t c = 0; c < args.channels; c += width, panel += depth * width) {
    const GemmPanel<Half, Half> p = {rows,         1, 1, depth, panel, args.bias + c, panel_target<Half>(args, 0, c),
                                     args.epilogue};
    gemm_tiles<Isa, Half, E, 1, V>(p, 0, 1);
  }
}

template <class Isa, Epilogue E, int R, int V>
void gemm_halves(const GemmArgs& args) {
  if (args.pixels == 1) return gemm_halves_of_one_pixel<Isa, E, V>(args);
  constexpr std::size_t width = V * Isa::width;
  const std::size_t depth = args.runs * args.run_length;
  const std::size_t panels = (args.channels + width - 1) / width;
  const HalfBlocking blocking = half_blocking(args.pixels, depth, panels, width);
  const float** rows = static_cast<const float**>(args.scratch);
  float* right =
      reinterpret_cast<float*>(static_cast<unsigned char*>(args.scratch) + half_pointers_bytes(blocking.pixels));
  float* left = right + blocking.panels * depth * width;
  const Half* weights = static_cast<const Half*>(args.weights);
  for (std::size_t panel = 0; panel < panels; panel += blocking.panels) {
    convert_halves<Isa>(weights + panel * depth * width, right, blocking.panels * depth * width);
    for (std::size_t first = 0; first < args.pixels; first += blocking.pixels) {
      const std::size_t count = args.pixels - first < blocking.pixels ? args.pixels - first : blocking.pixels;
      if (panel == 0) convert_pixels<Isa>(args, first, count, left, rows);
      for (std::size_t p = 0; p < blocking.panels; ++p) {
        const std::size_t c = (panel + p) * width;
        gemm_panel<Isa, Half, E, R, V>({rows, count, 1, depth, right + p * depth * width, args.bias + c,
                                        panel_target<Half>(args, first, c), args.epilogue},
                                       count);
      }
    }
  }
}

template <class Isa, class T, Epilogue E, int R, int V>
void gemm(const void* erased) {
  const GemmArgs& args = *static_cast<const GemmArgs*>(erased);
  if constexpr (std::is_same_v<T, float>) {
    gemm_floats<Isa, E, R, V>(args);
  } else {
    gemm_halves<Isa, E, R, V>(args);
  }
}

template <class Isa, int Tile, Type In, Epilogue E>
struct GemmRow {
  using T = std::conditional_t<In == Type::fp32, float, Half>;
  static constexpr TileShape tile = Isa::gemm_tiles[Tile];
  static constexpr RowName make_name() {
    RowName name = begin_name("gemm", In, "f32", E);
    name.add(tile.rows);
    name.add("x");
    name.add(tile.vectors * Isa::width);
    return end_name<Isa>(name);
  }
  static constexpr RowName name = make_name();
  static constexpr KernelRow row = {name.text,
                                    Op::gemm,
                                    In,
                                    In,
                                    E,
                                    tile,
                                    tile.vectors* Isa::width,
                                    {0, 0},
                                    &gemm<Isa, T, E, tile.rows, tile.vectors>};
};

template <class Isa, int... Tiles>
constexpr auto gemm_rows_of(std::integer_sequence<int, Tiles...>) {
  constexpr Type f32 = Type::fp32;
  constexpr Type f16 = Type::fp16;
  return RowList<6 * sizeof...(Tiles)>{
      {GemmRow<Isa, Tiles, f32, Epilogue::clamp>::row..., GemmRow<Isa, Tiles, f32, Epilogue::hswish>::row...,
       GemmRow<Isa, Tiles, f32, Epilogue::general>::row..., GemmRow<Isa, Tiles, f16, Epilogue::clamp>::row...,
       GemmRow<Isa, Tiles, f16, Epilogue::hswish>::row..., GemmRow<Isa, Tiles, f16, Epilogue::general>::row...}};
}

template <class Isa>
constexpr auto gemm_rows() {
  constexpr int tiles = sizeof Isa::gemm_tiles / sizeof Isa::gemm_tiles[0];
  return gemm_rows_of<Isa>(std::make_integer_sequence<int, tiles>{});
}

}  // namespace sixfold
