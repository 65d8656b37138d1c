// AArch64's base vectors, which every 64-bit Arm CPU has: 4 lanes, 32 registers, multiply-adds by a lane of the left operand.
#pragma once

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>
#include <xsimd/xsimd.hpp>

#include "../../kernels/isa.hpp"

namespace sixfold::neon {

struct Isa {
  using Arch = xsimd::neon64;
  using vf = xsimd::batch<float, Arch>;
  using vmask = xsimd::batch_bool<float, Arch>;
  using Left = float32x4_t;

  static constexpr char name[] = "neon";
  static constexpr int width = 4;
  static constexpr int left_step = 4;
  // 8x8 keeps 16 accumulators and 10 registers of operands; 8x4 is for outputs of up to 4 channels. 4x16, with 16 accumulators
  // too, would never be chosen.
  static constexpr TileShape gemm_tiles[] = {{8, 2}, {8, 1}};
  static constexpr int depthwise_columns = 7;

  static vf zero() { return vdupq_n_f32(0.0f); }
  static vf set1(float x) { return vdupq_n_f32(x); }
  static vf load(const float* p) { return vld1q_f32(p); }
  static vf load(const Half* p) { return to_float(vld1_u16(&p->bits)); }
  static vf load_partial(const float* p, std::size_t n) {
    const float32x2_t none = vdup_n_f32(0.0f);
    if (n == 1) return vcombine_f32(vld1_lane_f32(p, none, 0), none);
    return vcombine_f32(vld1_f32(p), n == 3 ? vld1_lane_f32(p + 2, none, 0) : none);
  }
  static vf load_partial(const Half* p, std::size_t n) {
    uint16x4_t bits = vld1_lane_u16(&p[0].bits, vdup_n_u16(0), 0);
    if (n > 1) bits = vld1_lane_u16(&p[1].bits, bits, 1);
    if (n > 2) bits = vld1_lane_u16(&p[2].bits, bits, 2);
    return to_float(bits);
  }
  static void store(float* p, vf x) { vst1q_f32(p, x); }
  static void store(Half* p, vf x) { vst1_u16(&p->bits, to_half(x)); }
  static void store_partial(float* p, vf x, std::size_t n) {
    if (n == 1) return vst1q_lane_f32(p, x, 0);
    vst1_f32(p, vget_low_f32(x));
    if (n == 3) vst1q_lane_f32(p + 2, x, 2);
  }
  static void store_partial(Half* p, vf x, std::size_t n) {
    const uint16x4_t bits = to_half(x);
    vst1_lane_u16(&p[0].bits, bits, 0);
    if (n > 1) vst1_lane_u16(&p[1].bits, bits, 1);
    if (n > 2) vst1_lane_u16(&p[2].bits, bits, 2);
  }

  static vf fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
  // By way of double, in which the sum is exact, or so close to c that rounding it does no harm; see the scalar Isa. The narrowing
  // rounds to odd: from there on, rounding to nearest is rounding the double.
  static vf fma_to_half(vf a, vf b, vf c) {
    const float64x2_t low = vfmaq_f64(low_doubles(c), low_doubles(a), low_doubles(b));
    const float64x2_t high = vfmaq_f64(vcvt_high_f64_f32(c), vcvt_high_f64_f32(a), vcvt_high_f64_f32(b));
    return vcvt_f32_f16(vcvt_f16_f32(vcvtx_high_f32_f64(vcvtx_f32_f64(low), high)));
  }
  static vf div(vf a, vf b) { return vdivq_f32(a, b); }  // xsimd's is an approximation
  // fmin and fmax give NaN if either operand is one.
  static vf min(vf a, vf b) { return vminq_f32(a, b); }
  static vf max(vf a, vf b) { return vmaxq_f32(a, b); }
  static vf at_least(vf x, vf lo) { return vmaxq_f32(x, lo); }
  static vf at_most(vf x, vf hi) { return vminq_f32(x, hi); }
  static vf clamp(vf x, vf lo, vf hi) { return at_most(at_least(x, lo), hi); }
  static vf abs(vf x) { return vabsq_f32(x); }
  static vf select(vmask m, vf a, vf b) { return vbslq_f32(m, a, b); }
  static vf round_nearest(vf x) { return vrndnq_f32(x); }
  // The sum's last bits are n plus the exponent's bias; they become the exponent.
  static vf pow2(vf n) {
    const float32x4_t biased = vaddq_f32(n, vdupq_n_f32(12583039.0f));
    return vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_f32(biased), 23));
  }

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
  static vf to_float(uint16x4_t bits) { return vcvt_f32_f16(vreinterpret_f16_u16(bits)); }
  static uint16x4_t to_half(vf x) { return vreinterpret_u16_f16(vcvt_f16_f32(x)); }
};

static_assert(sixfold::Isa<Isa>);

}  // namespace sixfold::neon
