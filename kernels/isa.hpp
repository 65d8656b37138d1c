// The contract that every arch/<isa>/isa.hpp meets. Kernels are templates over a type of this kind and know no ISA by name.
//
// vf is a vector of `width` floats with the operators + - * (each rounds once) and the comparisons < <= > >= == that give a
// vmask. All functions are static, and follow IEEE 754: nearest even, no flushing, no approximation.
//
//   min, max            NaN if either operand is NaN
//   at_least(x, lo)     the greater one; NaN if x is NaN; the bound is not NaN. Likewise at_most(x, hi)
//   clamp(x, lo, hi)    at_most(at_least(x, lo), hi)
//   fma(a, b, c)        a * b + c, rounded once
//   fma_to_half(a,b,c)  a * b + c, rounded once to binary16, as a float; a, b and c hold binary16 values. May be missing where the
//                       ISA's own half arithmetic does that
//   load, store         unaligned; from and to float or Half; Half stores round to nearest even
//   load_partial(p, n)  the first n elements, 0 < n < width; the other lanes are +0; touches nothing beyond p[n - 1]
//   pow2(n)             2^n for integral n in [-126, 127]; any value for other n, NaN too
//   round_nearest(x)    to an integral value, ties to even
//
// Optional: `static constexpr bool any_window_only = true`: depthwise kernels for any window serve 3x3 and 5x5 too, for less code.
//
// The left operand of a matrix product is read `left_step` values at a time by load_left(); fma_left<L>(left, b, acc) is
// fma(value L broadcast, b, acc). load_left_one() reads one value, for L = 0. Whether that is a memory broadcast or a lane
// multiply is the ISA's affair.
//
// An ISA whose partial loads and stores are as fast as whole ones may say so by a type Mask: first_lanes(n), of any n, gives the mask
// of the first n lanes, or of all; load_masked(p, mask) and store_masked(p, x, mask) do as load_partial and store_partial.
//
// An ISA may have `static constexpr bool rereads_pixels = true`: rows of pixels are read again where they are, unless a strip saves
// conversions or many loads of pointers. For CPUs whose loads are cheap and whose stores are not.
//
// An ISA may have `static constexpr bool skips_padding = true`: larger depthwise windows leave out taps in the padding; more code.
//
// An ISA may have `static constexpr bool pixel_portions = true`: see portion_of(). Arm's libraries must stay small, and there it has
// not been measured.
//
// An ISA may have `static constexpr bool shallow_tiles = true`: tiles have code for what only products of little depth gain by; see
// TileOutput and clamp_tile_in_registers(). AVX-512, whose tiles have more rows, loses 1 % by it.
//
// An ISA may have `one_pixel` and `shares_index`; see arithmetic.hpp.
//
// An ISA may have `static constexpr bool depthwise_pairs = true`: two vectors are a cache line; see vectors_at_once().
//
// An ISA may have `depthwise_vectors`, 2 if it has registers for two channel vectors of depthwise_columns outputs; else 1.
//
// An ISA may offer further arithmetics, HalfArithmetic and WideningArithmetic; see arithmetic.hpp. One that adds to another
// names that one's table as `base`, and has only the rows of those arithmetics.
#pragma once

#include <concepts>
#include <cstddef>

#include "half.hpp"

namespace sixfold {

struct KernelTable;

// A register tile: `rows` output pixels by `vectors` vectors of output channels.
struct TileShape {
  int rows;
  int vectors;
};

// How products of one pixel go through weights: over panels of so many Accumulators side by side, as hide the latency of the
// multiply-add; and each panel is fetched so far ahead, where loads alone ask for too little. 0: not at all.
struct OnePixel {
  int vectors;
  std::size_t fetch_bytes;
};

template <class I>
concept HasMasks = requires {
  typename I::Mask;
};

template <class I>
concept HasPixelPortions = requires {
  requires I::pixel_portions;
};

template <class I>
concept HasShallowTiles = requires {
  requires I::shallow_tiles;
};

template <class I>
concept AddsToAnother = requires {
  { I::base } -> std::convertible_to<const KernelTable*>;
};

template <class I>
concept Isa = requires(typename I::vf v, typename I::vmask m, typename I::Left left, const float* f, const Half* h,
                       float* out_f, Half* out_h, std::size_t n) {
  { I::name[0] } -> std::convertible_to<char>;  // the last part of every kernel's name
  { I::width } -> std::convertible_to<int>;
  { I::left_step } -> std::convertible_to<int>;
  { I::gemm_tiles[0] } -> std::convertible_to<TileShape>;
  { I::depthwise_columns } -> std::convertible_to<int>;  // output columns that a depthwise kernel keeps in registers

  { I::zero() } -> std::same_as<typename I::vf>;
  { I::set1(1.0f) } -> std::same_as<typename I::vf>;
  { I::load(f) } -> std::same_as<typename I::vf>;
  { I::load(h) } -> std::same_as<typename I::vf>;
  { I::load_partial(f, n) } -> std::same_as<typename I::vf>;
  { I::load_partial(h, n) } -> std::same_as<typename I::vf>;
  I::store(out_f, v);
  I::store(out_h, v);
  I::store_partial(out_f, v, n);
  I::store_partial(out_h, v, n);

  { I::fma(v, v, v) } -> std::same_as<typename I::vf>;
  { I::div(v, v) } -> std::same_as<typename I::vf>;
  { I::min(v, v) } -> std::same_as<typename I::vf>;
  { I::max(v, v) } -> std::same_as<typename I::vf>;
  { I::at_least(v, v) } -> std::same_as<typename I::vf>;
  { I::at_most(v, v) } -> std::same_as<typename I::vf>;
  { I::clamp(v, v, v) } -> std::same_as<typename I::vf>;
  { I::abs(v) } -> std::same_as<typename I::vf>;
  { I::select(m, v, v) } -> std::same_as<typename I::vf>;
  { v < v } -> std::same_as<typename I::vmask>;
  { I::round_nearest(v) } -> std::same_as<typename I::vf>;
  { I::pow2(v) } -> std::same_as<typename I::vf>;

  { I::load_left(f) } -> std::same_as<typename I::Left>;
  { I::load_left_one(f) } -> std::same_as<typename I::Left>;
  { I::template fma_left<0>(left, v, v) } -> std::same_as<typename I::vf>;
};

}  // namespace sixfold
