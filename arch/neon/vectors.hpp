// The 4-lane vectors of Arm, as far as 32-bit and 64-bit state have them in common. `Isa` is the ISA that derives from this: its
// name is in every symbol, so that an object never offers the linker another ISA's code.
#pragma once

#include <arm_neon.h>

#include <cstddef>
#include <xsimd/xsimd.hpp>

#include "../../kernels/half.hpp"

namespace sixfold {

template <class Isa, class Architecture>
struct NeonVectors {
  using Arch = Architecture;
  using vf = xsimd::batch<float, Arch>;
  using vmask = xsimd::batch_bool<float, Arch>;

  static constexpr int width = 4;

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
  // NaN if either operand is one.
  static vf min(vf a, vf b) { return vminq_f32(a, b); }
  static vf max(vf a, vf b) { return vmaxq_f32(a, b); }
  static vf at_least(vf x, vf lo) { return vmaxq_f32(x, lo); }
  static vf at_most(vf x, vf hi) { return vminq_f32(x, hi); }
  static vf clamp(vf x, vf lo, vf hi) { return at_most(at_least(x, lo), hi); }
  static vf abs(vf x) { return vabsq_f32(x); }
  static vf select(vmask m, vf a, vf b) { return vbslq_f32(m, a, b); }
  // The sum's last bits are n plus the exponent's bias; they become the exponent.
  static vf pow2(vf n) {
    const float32x4_t biased = vaddq_f32(n, vdupq_n_f32(12583039.0f));
    return vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_f32(biased), 23));
  }

 private:
  static vf to_float(uint16x4_t bits) { return vcvt_f32_f16(vreinterpret_f16_u16(bits)); }
  static uint16x4_t to_half(vf x) { return vreinterpret_u16_f16(vcvt_f16_f32(x)); }
};

}  // namespace sixfold
