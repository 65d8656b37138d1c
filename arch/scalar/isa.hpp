// Portable C++: one lane, std::fma. Runs anywhere, and is what every other backend must equal.
#pragma once

#include <fp16.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "../../kernels/isa.hpp"

namespace sixfold::scalar {

struct Isa {
  using vf = float;
  using vmask = bool;
  using Left = float;

  static constexpr char name[] = "scalar";
  static constexpr int width = 1;
  static constexpr int left_step = 1;
  static constexpr TileShape gemm_tiles[] = {{2, 4}};
  static constexpr int depthwise_columns = 2;
  static constexpr bool any_window_only = true;

  static vf zero() { return 0.0f; }
  static vf set1(float x) { return x; }
  static vf load(const float* p) { return *p; }
  // Not inlined: the conversions are long, and a tile has many.
  [[gnu::noinline]] static vf load(const Half* p) { return fp16_ieee_to_fp32_value(p->bits); }
  static vf load_partial(const float* p, std::size_t) { return *p; }
  static vf load_partial(const Half* p, std::size_t) { return load(p); }
  static void store(float* p, vf x) { *p = x; }
  [[gnu::noinline]] static void store(Half* p, vf x) { p->bits = fp16_ieee_from_fp32_value(x); }
  static void store_partial(float* p, vf x, std::size_t) { *p = x; }
  static void store_partial(Half* p, vf x, std::size_t) { store(p, x); }

  static vf fma(vf a, vf b, vf c) { return std::fma(a, b, c); }
  [[gnu::noinline]] static vf fma_to_half(vf a, vf b, vf c) { return round_to_half(fma_to_double(a, b, c)); }
  static vf div(vf a, vf b) { return a / b; }
  static vf min(vf a, vf b) { return a < b || a != a ? a : b; }
  static vf max(vf a, vf b) { return a > b || a != a ? a : b; }
  static vf at_least(vf x, vf lo) { return x < lo ? lo : x; }
  static vf at_most(vf x, vf hi) { return x > hi ? hi : x; }
  static vf clamp(vf x, vf lo, vf hi) { return at_most(at_least(x, lo), hi); }
  static vf abs(vf x) { return std::fabs(x); }
  static vf select(vmask m, vf a, vf b) { return m ? a : b; }

  // Adding and taking away 1.5 * 2^23 leaves no fraction bits; from 2^22 on it would round too much, or is not needed.
  static vf round_nearest(vf x) {
    constexpr float magic = 12582912.0f;
    return std::fabs(x) < 4194304.0f ? (x + magic) - magic : std::nearbyint(x);
  }
  // The sum's last bits are n plus the exponent's bias; they become the exponent.
  static vf pow2(vf n) { return std::bit_cast<float>(std::bit_cast<std::uint32_t>(n + 12583039.0f) << 23); }

  static Left load_left(const float* p) { return *p; }
  static Left load_left_one(const float* p) { return *p; }
  template <int L>
  static vf fma_left(Left a, vf b, vf acc) {
    return std::fma(a, b, acc);
  }

 private:
  // Products of halves are exact in double: 22 bits. The sum is exact too, or else the product is so small beside c, at most a
  // part in 2^30, that c is the nearest half, and remains it after this rounding: a sum that must be rounded to 53 bits has parts
  // whose last bits are 53 binary places below its first one; no half's last bit is so far below a sum of less than 2^29, so the
  // product's must be. Sums from 2^29 on are infinities in any case.
  static double fma_to_double(vf a, vf b, vf c) {
    return static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c);
  }

  // A number of which the half's last bit is the last bit: adding and taking it away rounds, ties to even as ever.
  static double magic_for(double x) {
    constexpr std::uint64_t exponent_mask = 0x7ff0000000000000U;
    constexpr std::uint64_t smallest_normal = std::uint64_t{1023 - 14} << 52;
    const std::uint64_t exponent = std::bit_cast<std::uint64_t>(x) & exponent_mask;
    const std::uint64_t at_least = exponent < smallest_normal ? smallest_normal : exponent;
    return std::bit_cast<double>(at_least + (std::uint64_t{52 - 10} << 52) + (std::uint64_t{1} << 51));
  }

  static vf round_to_half(double x) {
    if (!(std::fabs(x) < 65520.0)) return static_cast<float>(x * std::numeric_limits<double>::infinity());
    const double magic = magic_for(x);
    return static_cast<float>((x + magic) - magic);
  }
};

static_assert(sixfold::Isa<Isa>);

}  // namespace sixfold::scalar
