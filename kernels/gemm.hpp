// Register-tiled matrix product with a fused epilogue; see gemm_args.hpp.
//
// A tile of R pixels x V vectors is held in registers over the whole depth. Pixels are split into tiles of nearly equal
// height, so that no row is computed twice and few tiles are too short to hide the latency of the multiply-add.
#pragma once

#include <cstddef>
#include <cstdint>

#include "epilogue.hpp"
#include "gemm_args.hpp"
#include "half.hpp"
#include "row_list.hpp"
#include "unroll.hpp"

namespace sixfold {

// The fp32 form of GemmArgs that the micro-kernel works on; `panel` is one packed panel.
template <class T>
struct GemmPanel {
  const float* const* left;
  std::size_t left_pitch;
  std::size_t runs;
  std::size_t run_length;
  const float* panel;
  const float* bias;
  TileTarget<T> target;
  const EpilogueArgs* epilogue;
};

// acc += a[0..R][0..length] * b; returns where b ends.
template <class Isa, int R, int V>
[[gnu::always_inline]] inline const float* accumulate_run(typename Isa::vf (&acc)[R][V], const float* const* left,
                                                          std::size_t length, const float* b) {
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
template <class Isa, class T, Epilogue E, int R, int V>
[[gnu::noinline]] void gemm_tiles(const GemmPanel<T>& p, std::size_t first, std::size_t tiles) {
  using vf = typename Isa::vf;
  for (std::size_t tile = 0; tile < tiles; ++tile, first += R) {
    vf acc[R][V];
    unroll<V>([&](auto v) __attribute__((always_inline)) {
      const vf bias = Isa::load(p.bias + v * Isa::width);
      unroll<R>([&](auto r) __attribute__((always_inline)) { acc[r][v] = bias; });
    });
    const float* b = p.panel;
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
void convert_halves(const Half* from, float* to, std::size_t count) {
  std::size_t i = 0;
  for (; i + Isa::width <= count; i += Isa::width) Isa::store(to + i, Isa::load(from + i));
  if (i < count) Isa::store_partial(to + i, Isa::load_partial(from + i, count - i), count - i);
}

// The left operand in fp32: as it is, or converted into scratch with one run a pixel.
struct GemmLeft {
  const float* const* rows;
  std::size_t pitch;
  std::size_t runs;
  std::size_t run_length;
  float* panel_scratch;
};

template <class Isa, class T>
GemmLeft gemm_left(const GemmArgs& args) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return {reinterpret_cast<const float* const*>(args.left), args.left_pitch, args.runs, args.run_length, nullptr};
  } else {
    const std::size_t depth = args.runs * args.run_length;
    const std::size_t row_floats = (depth + 15) / 16 * 16;
    float* floats = static_cast<float*>(args.scratch);
    const float** rows = reinterpret_cast<const float**>(floats + args.pixels * row_floats);
    for (std::size_t m = 0; m < args.pixels; ++m) {
      float* row = floats + m * row_floats;
      rows[m] = row;
      for (std::size_t run = 0; run < args.runs; ++run) {
        const Half* from = static_cast<const Half*>(args.left[run * args.left_pitch + m]);
        convert_halves<Isa>(from, row + run * args.run_length, args.run_length);
      }
    }
    const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(rows + args.pixels);
    return {rows, args.pixels, 1, depth, reinterpret_cast<float*>((end + 63) / 64 * 64)};
  }
}

template <class Isa, class T, Epilogue E, int R, int V>
void gemm(const void* erased) {
  const GemmArgs& args = *static_cast<const GemmArgs*>(erased);
  constexpr std::size_t width = V * Isa::width;
  const std::size_t depth = args.runs * args.run_length;
  const GemmLeft left = gemm_left<Isa, T>(args);
  const T* weights = static_cast<const T*>(args.weights);
  for (std::size_t c = 0; c < args.channels; c += width, weights += depth * width) {
    const float* panel;
    if constexpr (sizeof(T) == sizeof(float)) {
      panel = weights;
    } else {
      convert_halves<Isa>(weights, left.panel_scratch, depth * width);
      panel = left.panel_scratch;
    }
    const T* residual = static_cast<const T*>(args.residual);
    const GemmPanel<T> p = {left.rows,
                            left.pitch,
                            left.runs,
                            left.run_length,
                            panel,
                            args.bias + c,
                            {static_cast<T*>(args.out) + c, args.out_stride, residual == nullptr ? nullptr : residual + c,
                             args.residual_stride, args.channels - c, args.channel + c},
                            args.epilogue};
    gemm_panel<Isa, T, E, R, V>(p, args.pixels);
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
  static constexpr KernelRow row = {
      name.text,     Op::gemm, In, In, E, tile, tile.vectors * Isa::width, {0, 0},
      &gemm<Isa, T, E, tile.rows, tile.vectors>};
};

template <class Isa, int... Tiles>
constexpr auto gemm_rows_of(std::integer_sequence<int, Tiles...>) {
  constexpr Type f32 = Type::fp32;
  constexpr Type f16 = Type::fp16;
  return RowList<6 * sizeof...(Tiles)>{{GemmRow<Isa, Tiles, f32, Epilogue::clamp>::row...,
                                        GemmRow<Isa, Tiles, f32, Epilogue::hswish>::row...,
                                        GemmRow<Isa, Tiles, f32, Epilogue::general>::row...,
                                        GemmRow<Isa, Tiles, f16, Epilogue::clamp>::row...,
                                        GemmRow<Isa, Tiles, f16, Epilogue::hswish>::row...,
                                        GemmRow<Isa, Tiles, f16, Epilogue::general>::row...}};
}

template <class Isa>
constexpr auto gemm_rows() {
  constexpr int tiles = sizeof Isa::gemm_tiles / sizeof Isa::gemm_tiles[0];
  return gemm_rows_of<Isa>(std::make_integer_sequence<int, tiles>{});
}

}  // namespace sixfold
