// Products of halves in an arithmetic of floats: both operands are converted on the way; see HalfBlocking.
#pragma once

#include <cstddef>

#include "gemm.hpp"

namespace sixfold {

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

// One pixel: a panel is used once, and is converted on its way into the product.
template <class Isa, class A, int V>
void gemm_halves_of_one_pixel(const GemmArgs& args, std::size_t block) {
  constexpr std::size_t width = V * Isa::width;
  const std::size_t depth = args.runs * args.run_length;
  const float** rows = static_cast<const float**>(args.scratch);
  float* left_floats = reinterpret_cast<float*>(static_cast<unsigned char*>(args.scratch) + half_pointers_bytes(1));
  convert_pixels<Isa>(args, 0, 1, left_floats, rows);
  const Half* panel = static_cast<const Half*>(args.weights);
  for (std::size_t c = 0; c < args.channels; c += width, panel += depth * width) {
    const GemmPanel<A, Half> p = {
        rows,         1, 1, depth, block, panel, args.bias + c, panel_target<Isa, width>(args, Type::fp16, 0, c),
        args.epilogue};
    gemm_tiles<Isa, A, 1, V>(p, 0, 1);
  }
}

template <class Isa, class A, int R, int V>
void gemm_halves(const GemmArgs& args, std::size_t block) {
  if (args.pixels == 1) return gemm_halves_of_one_pixel<Isa, A, V>(args, block);
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
        gemm_panel<Isa, A, R, V>({rows, count, 1, depth, block, right + p * depth * width, args.bias + c,
                                  panel_target<Isa, width>(args, Type::fp16, first, c), args.epilogue},
                                 count);
      }
    }
  }
}

}  // namespace sixfold
