// Products of halves in an arithmetic of floats: both operands are converted on the way; see HalfBlocking.
#pragma once

#include <cstddef>
#include <cstdint>

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

// Finds neighbours among the pointers to the left operand. A template, as all code of an ISA: see HACKING.md.
template <class Isa>
struct LeftPointers {
  // Elements from `a` to `b`; more than any run is long if b lies before a.
  static std::size_t elements_between(const void* a, const void* b) {
    return (reinterpret_cast<std::uintptr_t>(b) - reinterpret_cast<std::uintptr_t>(a)) / sizeof(Half);
  }

  // How many pixels from left[0] on, at most `count`, start `step` elements after one another. Mostly all do: they are compared
  // by eights, without a jump each.
  static std::size_t pixels_in_step(const void* const* left, std::size_t count, std::size_t step) {
    std::size_t pixels = 1;
    for (bool all = true; all && pixels + 8 <= count; pixels += all ? 8 : 0) {
      unroll<8>([&](auto i) __attribute__((always_inline)) {
        all &= elements_between(left[pixels + i - 1], left[pixels + i]) == step;
      });
    }
    while (pixels < count && elements_between(left[pixels - 1], left[pixels]) == step) ++pixels;
    return pixels;
  }
};

// Where converted pixels lie: the form of GemmArgs' left operand.
struct ConvertedLeft {
  const float** rows;
  std::size_t pitch;
  std::size_t run_step;
};

// Converts `runs` runs of `count` pixels, and points to the first; the others follow `run_step` floats after one another.
// Returns where the first run's floats end. Runs that touch or overlap are converted as one: rows of few channels would spend
// their time on loops, and windows of few channels share most of their elements.
template <class Isa>
float* convert_runs(const GemmArgs& args, const void* const* left, std::size_t count, std::size_t runs,
                    std::size_t run_step, float* floats, const float** rows) {
  using Pointers = LeftPointers<Isa>;
  const std::size_t length = args.run_length;
  for (std::size_t m = 0; m < count;) {
    std::size_t step = args.left_step;
    std::size_t pixels = count - m;
    if (step == 0 && pixels > 1) {
      step = Pointers::elements_between(left[m], left[m + 1]);
      if (step <= length) pixels = Pointers::pixels_in_step(left + m, pixels, step);
    }
    if (step > length) pixels = 1;
    const std::size_t elements = (pixels - 1) * step + length;
    const Half* from = static_cast<const Half*>(left[m]);
    for (std::size_t run = 0; run < runs; ++run) {
      convert_halves<Isa>(from + run * args.run_step, floats + run * run_step, elements);
    }
    for (std::size_t i = 0; i < pixels; ++i) rows[m + i] = floats + i * step;
    floats += half_line_floats(elements);
    m += pixels;
  }
  return floats;
}

// Converts `count` pixels from `first` on to floats, and points to them, as the pointers to the halves do.
template <class Isa>
[[gnu::noinline]] void convert_pixels(const GemmArgs& args, std::size_t first, std::size_t count, float* floats,
                                      const ConvertedLeft& to) {
  const void* const* left = args.left + first;
  if (to.run_step != 0) {
    convert_runs<Isa>(args, left, count, args.runs, to.run_step, floats, to.rows);
    return;
  }
  for (std::size_t run = 0; run < args.runs; ++run) {
    floats = convert_runs<Isa>(args, left + run * args.left_pitch, count, 1, 0, floats, to.rows + run * count);
  }
}

// For `count` pixels.
[[gnu::always_inline]] inline ConvertedLeft converted_left(const GemmArgs& args, std::size_t count,
                                                           const float** rows) {
  if (args.run_step != 0) return {rows, 0, count * half_line_floats(args.run_length)};
  return {rows, count, 0};
}

// One pixel: a panel is used once, and is converted on its way into the product.
template <class Isa, class A, int V>
void gemm_halves_of_one_pixel(const GemmArgs& args, std::size_t block) {
  constexpr std::size_t width = V * Isa::width;
  const float** rows = static_cast<const float**>(args.scratch);
  float* left_floats =
      reinterpret_cast<float*>(static_cast<unsigned char*>(args.scratch) + half_pointers_bytes(1, args.runs));
  const ConvertedLeft left = converted_left(args, 1, rows);
  convert_pixels<Isa>(args, 0, 1, left_floats, left);
  const Half* weights = static_cast<const Half*>(args.weights);
  GemmPanel<A, Half> p = first_panel<Isa, A, V>(args, block, {rows, left.pitch, left.run_step}, weights, Type::fp16);
  for (std::size_t c = gemm_one_pixel<Isa, A, V>(args, p, weights); c < args.channels; c += width) {
    p.panel_channels = packed_channels(args.channels - c, width, A::width);
    go_to_panel<Isa, width>(p, args, weights, c);
    gemm_tiles<Isa, A, 1, V>(p, 0, 1);
  }
}

// `behind` more floats are read, but not used; see packed weights in gemm_args.hpp.
template <class Isa>
[[gnu::always_inline]] inline void convert_panels(const Half* from, float* to, std::size_t count, std::size_t behind) {
  convert_halves<Isa>(from, to, count);
  for (std::size_t i = 0; i < behind; ++i) to[count + i] = 0.0f;
}

// What the tiles of the panel at channel `c` of the call need, whose floats lie at `panel`, and `left` whose pixels begin with pixel
// `first`. `next`: the weights' panel behind this one, NULL if it is not yet needed.
template <class Isa, class A, int V>
[[gnu::always_inline]] inline GemmPanel<A> converted_panel(const GemmArgs& args, std::size_t block,
                                                           const ConvertedLeft& left, std::size_t first,
                                                           const float* panel, std::size_t c, const Half* next) {
  constexpr std::size_t width = V * Isa::width;
  const std::size_t channels = args.channels - c;
  auto p = first_panel<Isa, A, V>(args, block, {left.rows, left.pitch, left.run_step}, panel, Type::fp16);
  p.panel_channels = packed_channels(channels, width, A::width);
  p.bias = args.bias + c;
  p.target = panel_target<Isa, width>(args, Type::fp16, first, c);
  if (next != nullptr && channels > width) p.ahead = fetch_panel<A>(next, channels - width, width);
  return p;
}

template <class Isa, class A, int R, int V>
void gemm_halves(const GemmArgs& args, std::size_t block) {
  if (args.pixels == 1) return gemm_halves_of_one_pixel<Isa, A, V>(args, block);
  constexpr std::size_t width = V * Isa::width;
  const std::size_t depth = args.runs * args.run_length;
  const std::size_t panels = (args.channels + width - 1) / width;
  const HalfBlocking blocking = half_blocking(args.pixels, depth, panels, width);
  const float** rows = static_cast<const float**>(args.scratch);
  unsigned char* scratch = static_cast<unsigned char*>(args.scratch);
  float* left = reinterpret_cast<float*>(scratch + half_pointers_bytes(blocking.pixels, args.runs));
  unsigned char* behind = scratch + half_pixels_bytes(blocking.pixels, args.runs, args.run_length);
  float* right = static_cast<float*>(args.right_scratch != nullptr ? args.right_scratch : behind);
  const Half* weights = static_cast<const Half*>(args.weights);
  for (std::size_t panel = 0; panel < panels; panel += blocking.panels) {
    if (!args.right_ready) {
      const std::size_t last = panel + blocking.panels - 1;
      const std::size_t last_channels = packed_channels(args.channels - last * width, width, A::width);
      convert_panels<Isa>(weights + panel * depth * width, right,
                          depth * ((blocking.panels - 1) * width + last_channels), width - last_channels);
    }
    for (std::size_t first = 0; first < args.pixels; first += blocking.pixels) {
      const std::size_t count = args.pixels - first < blocking.pixels ? args.pixels - first : blocking.pixels;
      const ConvertedLeft converted = converted_left(args, count, rows);
      if (panel == 0 && !args.left_ready) convert_pixels<Isa>(args, first, count, left, converted);
      for (std::size_t p = 0; p < blocking.panels; ++p) {
        const std::size_t c = (panel + p) * width;
        const Half* next = blocking.panels == 1 ? weights + (panel + 1) * depth * width : nullptr;
        auto one = converted_panel<Isa, A, V>(args, block, converted, first, right + p * depth * width, c, next);
        gemm_panel<Isa, A, R, V>(one, 0, count);
      }
    }
  }
}

}  // namespace sixfold
