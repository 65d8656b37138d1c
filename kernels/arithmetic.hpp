// What a product or a depthwise window computes in. Kernels are templates over an Isa and an arithmetic on top of it, so that one
// matrix product and one depthwise convolution serve every accumulation.
//
// An arithmetic is a type of static functions and constants:
//
//   Element             the operands as the kernel reads them: float (halves are converted before), or Half
//   Accumulator         `width` neighbouring output channels; width is a multiple of the Isa's
//   Right               as many elements of the right operand
//   Left                left_step elements of the left operand, neighbours in depth
//   rounds_to_half      every multiply-add rounds once to binary16, and chains start at +0; else to fp32, and they start at
//                       the bias. The kernel cuts chains into blocks and adds bias and blocks in fp32; see Accumulation
//   gemm_tiles          register tiles, in Rights; a tile is held in registers over the whole depth, or a block of it
//
//   zero()                      an Accumulator of +0
//   from_floats(p)              the width floats at p; only where !rounds_to_half
//   to_floats(acc, floats)      acc as width / Isa::width vectors of the Isa, in order of channels; exact
//   load_right(p)               width Elements. If Element is float, from Halves too, with conversion
//   store_right(p, b)           the inverse. Where rounds_to_half, an Accumulator is a Right, and is stored so
//   load_left(p)                left_step Elements
//   load_left_one(p)            one Element, for lane 0
//   fma_left<L>(left, b, acc)   element L of left, for all channels, times b, plus acc; rounded once
//
// and optionally
//
//   one_pixel               see OnePixel. Without it products of one pixel go over one panel after another, which is less code
//   shares_index            true: the pixels under a tile share one index of depth. For left operands that are broadcast to
//                           registers: as the multiply-add's own operand, an indexed one costs an instruction more
//
// and, if depthwise convolutions compute in it:
//
//   depthwise_columns       output columns that the kernel keeps in registers
//   depthwise_unrolls_rows  whether compilers may unroll the rows of common windows: a second function of each
//   fma(a, b, acc)          Right a times Right b plus acc; rounded once
//
// Where the Isa has masks, for incomplete vectors:
//
//   first_lanes(n)              the mask of a Right's first n elements
//   copy_masked(from, to, mask) those from `from` to a Right at `to`, whose others are any values; touches nothing else of `from`
//
// The Isa may bring native ones, as types with its name in their symbols:
//   Isa::HalfArithmetic      Element Half, rounds_to_half. Else half accumulation is emulated, if there is an Isa::fma_to_half
//   Isa::WideningArithmetic  Element Half, sums in fp32: replaces conversion in matrix products of fp16 that accumulate in fp32
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include "half.hpp"
#include "isa.hpp"
#include "unroll.hpp"

namespace sixfold {

template <class A, class I>
concept ArithmeticOn = Isa<I> &&
    requires(typename A::Accumulator acc, typename A::Right right, typename A::Left left, const typename A::Element* p,
             typename A::Element* to, typename I::vf (&floats)[A::width / I::width]) {
  requires A::width % I::width == 0;
  requires !A::rounds_to_half || std::same_as<typename A::Accumulator, typename A::Right>;
  { A::left_step } -> std::convertible_to<int>;
  { A::rounds_to_half } -> std::convertible_to<bool>;
  { A::gemm_tiles[0] } -> std::convertible_to<TileShape>;
  { A::zero() } -> std::same_as<typename A::Accumulator>;
  A::to_floats(acc, floats);
  { A::load_right(p) } -> std::same_as<typename A::Right>;
  A::store_right(to, right);
  { A::load_left(p) } -> std::same_as<typename A::Left>;
  { A::load_left_one(p) } -> std::same_as<typename A::Left>;
  { A::template fma_left<0>(left, right, acc) } -> std::same_as<typename A::Accumulator>;
};

// What the Isa says for fp32, if it says anything.
template <class Isa>
struct OnePixelOf {};

template <class Isa>
requires requires { Isa::one_pixel; }
struct OnePixelOf<Isa> {
  static constexpr OnePixel one_pixel = Isa::one_pixel;
};

template <class Isa>
struct SharesIndex {};

template <class Isa>
requires requires { Isa::shares_index; }
struct SharesIndex<Isa> {
  static constexpr bool shares_index = Isa::shares_index;
};

// Everything in fp32.
template <class Isa>
struct FloatArithmetic : OnePixelOf<Isa>, SharesIndex<Isa> {
  using Element = float;
  using Accumulator = typename Isa::vf;
  using Right = typename Isa::vf;
  using Left = typename Isa::Left;

  static constexpr int width = Isa::width;
  static constexpr int left_step = Isa::left_step;
  static constexpr bool rounds_to_half = false;
  static constexpr const auto& gemm_tiles = Isa::gemm_tiles;
  static constexpr int depthwise_columns = Isa::depthwise_columns;
  static constexpr bool depthwise_unrolls_rows = true;

  static Accumulator zero() { return Isa::zero(); }
  static Accumulator from_floats(const float* p) { return Isa::load(p); }
  static void to_floats(Accumulator acc, typename Isa::vf (&floats)[1]) { floats[0] = acc; }
  static Right load_right(const float* p) { return Isa::load(p); }
  static Right load_right(const Half* p) { return Isa::load(p); }
  static void store_right(float* p, Right b) { Isa::store(p, b); }
  static Left load_left(const float* p) { return Isa::load_left(p); }
  static Left load_left_one(const float* p) { return Isa::load_left_one(p); }
  template <int L>
  static Accumulator fma_left(Left left, Right right, Accumulator acc) {
    return Isa::template fma_left<L>(left, right, acc);
  }
  static Accumulator fma(Right a, Right b, Accumulator acc) { return Isa::fma(a, b, acc); }
  static auto first_lanes(std::size_t n) requires HasMasks<Isa> { return Isa::first_lanes(n); }
  template <class T, class Mask>
  static void copy_masked(const T* from, T* to, Mask mask) {
    Isa::store(to, Isa::load_masked(from, mask));
  }
};

// Half accumulation without instructions for it: halves are held as floats, and a multiply-add is many instructions. Small
// tiles: they need registers for themselves, and each multiply-add costs code.
template <class Isa>
struct EmulatedHalfArithmetic {
  using Element = float;
  using Accumulator = typename Isa::vf;
  using Right = typename Isa::vf;
  using Left = typename Isa::vf;

  static constexpr int width = Isa::width;
  static constexpr int left_step = 1;
  static constexpr bool rounds_to_half = true;
  static constexpr TileShape gemm_tiles[] = {{4, 2}};
  static constexpr int depthwise_columns = Isa::depthwise_columns < 4 ? Isa::depthwise_columns : 4;
  static constexpr bool depthwise_unrolls_rows = true;

  static Accumulator zero() { return Isa::zero(); }
  static void to_floats(Accumulator acc, typename Isa::vf (&floats)[1]) { floats[0] = acc; }
  static Right load_right(const float* p) { return Isa::load(p); }
  static Right load_right(const Half* p) { return Isa::load(p); }
  static void store_right(float* p, Right b) { Isa::store(p, b); }
  static Left load_left(const float* p) { return Isa::set1(*p); }
  static Left load_left_one(const float* p) { return Isa::set1(*p); }
  template <int L>
  static Accumulator fma_left(Left left, Right right, Accumulator acc) {
    return Isa::fma_to_half(left, right, acc);
  }
  static Accumulator fma(Right a, Right b, Accumulator acc) { return Isa::fma_to_half(a, b, acc); }
};

template <class A>
concept CopiesByMask = requires {
  A::first_lanes(std::size_t{1});
};

template <class Isa>
concept HasHalfArithmetic = requires {
  typename Isa::HalfArithmetic;
};

template <class Isa>
concept HasWideningArithmetic = requires {
  typename Isa::WideningArithmetic;
};

template <class Isa>
concept CanEmulateHalves = !HasHalfArithmetic<Isa> && requires(typename Isa::vf x) {
  Isa::fma_to_half(x, x, x);
};

// The vectors of the Isa in a tile of R x V accumulators, in order of channels.
template <class Isa, class A, int R, int V>
[[gnu::always_inline]] inline void tile_to_floats(const typename A::Accumulator (&acc)[R][V],
                                                  typename Isa::vf (&floats)[R][V * (A::width / Isa::width)]) {
  constexpr int parts = A::width / Isa::width;
  unroll<R>([&](auto r) __attribute__((always_inline)) {
    unroll<V>([&](auto v) __attribute__((always_inline)) {
      typename Isa::vf values[parts];
      A::to_floats(acc[r][v], values);
      unroll<parts>([&](auto i) __attribute__((always_inline)) { floats[r][v * parts + i] = values[i]; });
    });
  });
}

}  // namespace sixfold
