// AArch64's base vectors, which every 64-bit Arm CPU has: 4 lanes, 32 registers, multiply-adds by a lane of the left operand.
#pragma once

#include "../../kernels/isa.hpp"
#include "vectors.hpp"

namespace sixfold {

// For the ISA `Isa`: AArch64 with or without extensions.
template <class Isa>
struct Neon64 : NeonVectors<Isa, xsimd::neon64> {
  using vf = typename NeonVectors<Isa, xsimd::neon64>::vf;
  using Left = float32x4_t;

  static constexpr int left_step = 4;
  // 8x8 keeps 16 accumulators and 10 registers of operands; 8x4 is for outputs of up to 4 channels. 4x16, with 16 accumulators
  // too, would never be chosen.
  static constexpr TileShape gemm_tiles[] = {{8, 2}, {8, 1}};
  static constexpr int depthwise_columns = 7;
  static constexpr int depthwise_vectors = 2;  // 14 accumulators, 10 weights, 4 inputs

  // By way of double, in which the sum is exact, or so close to c that rounding it does no harm; see the scalar Isa. The narrowing
  // rounds to odd: from there on, rounding to nearest is rounding the double.
  static vf fma_to_half(vf a, vf b, vf c) {
    const float64x2_t low = vfmaq_f64(low_doubles(c), low_doubles(a), low_doubles(b));
    const float64x2_t high = vfmaq_f64(vcvt_high_f64_f32(c), vcvt_high_f64_f32(a), vcvt_high_f64_f32(b));
    return vcvt_f32_f16(vcvt_f16_f32(vcvtx_high_f32_f64(vcvtx_f32_f64(low), high)));
  }
  static vf div(vf a, vf b) { return vdivq_f32(a, b); }  // xsimd's is an approximation
  static vf round_nearest(vf x) { return vrndnq_f32(x); }

  static Left load_left(const float* p) { return vld1q_f32(p); }
  static Left load_left_one(const float* p) { return vld1q_dup_f32(p); }
  // g++ 12 puts two register moves beside the 64 multiply-adds of an 8x8 tile. Inline assembly avoids them, but cannot be
  // scheduled: an in-order core would lose far more.
  template <int L>
  static vf fma_left(Left a, vf b, vf acc) {
    return vfmaq_laneq_f32(acc, b, a, L);
  }

 private:
  static float64x2_t low_doubles(float32x4_t x) { return vcvt_f64_f32(vget_low_f32(x)); }
};

}  // namespace sixfold

namespace sixfold::neon {

struct Isa : Neon64<Isa> {
  static constexpr char name[] = "neon";
};

static_assert(sixfold::Isa<Isa>);

}  // namespace sixfold::neon
