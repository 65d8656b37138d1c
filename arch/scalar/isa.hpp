// Portable C++: one lane, std::fma. Runs anywhere, and is what every other backend must equal.
#pragma once

#include <fp16.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

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
};

static_assert(sixfold::Isa<Isa>);

}  // namespace sixfold::scalar
