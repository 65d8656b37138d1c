// 32-bit Arm with NEON and VFPv4 (fused multiply-adds, half conversions): 4 lanes, 16 registers.
//
// NEON in 32-bit state flushes: a denormal operand counts as zero, and a denormal result is zero. That cannot be switched off,
// and is the one exception from "the same values everywhere". It holds for halves not at all, since they are normal as floats.
// Tails are partial vectors, never scalar code, so that it does not depend on where an element lies; division is VFP's, which does
// not flush, for every lane.
#pragma once

#include "../../kernels/isa.hpp"
#include "../neon/vectors.hpp"

namespace sixfold::neon_v7 {

struct Isa : NeonVectors<Isa, xsimd::neon> {
  using Left = float32x2_t;

  static constexpr char name[] = "neon_v7";
  static constexpr int left_step = 2;
  // 4x8 keeps 8 accumulators, 4 registers of operands, and one or two for a broadcast lane: fused multiply-adds have no form by a
  // lane here. 4x4 is for outputs of up to 4 channels.
  static constexpr TileShape gemm_tiles[] = {{4, 2}, {4, 1}};
  static constexpr int depthwise_columns = 7;

  // The product is exact in fp32, the sum is not: what the second rounding needs to know of the first one is put in its last bit,
  // as in the avx2 Isa, which explains it. Nothing is flushed: all values are multiples of 2^-48, or products of two.
  static vf fma_to_half(vf a, vf b, vf c) {
    const float32x4_t sum = fma(a, b, c);
    const float32x4_t from_c = vfmaq_f32(vsubq_f32(c, sum), a, b);
    const float32x4_t from_product = vaddq_f32(c, vfmaq_f32(vnegq_f32(sum), a, b));
    return vcvt_f32_f16(vcvt_f16_f32(round_to_odd(sum, vaddq_f32(from_c, from_product))));
  }
  static vf div(vf a, vf b) {
    const float32x4_t x = a;
    const float32x4_t y = b;
    float32x4_t quotient = vdupq_n_f32(vgetq_lane_f32(x, 0) / vgetq_lane_f32(y, 0));
    quotient = vsetq_lane_f32(vgetq_lane_f32(x, 1) / vgetq_lane_f32(y, 1), quotient, 1);
    quotient = vsetq_lane_f32(vgetq_lane_f32(x, 2) / vgetq_lane_f32(y, 2), quotient, 2);
    return vsetq_lane_f32(vgetq_lane_f32(x, 3) / vgetq_lane_f32(y, 3), quotient, 3);
  }
  // Adding and taking away 2^23 with x's sign leaves no fraction bits; from there on x has none.
  static vf round_nearest(vf x) {
    const uint32x4_t sign = vandq_u32(vreinterpretq_u32_f32(x), vdupq_n_u32(0x80000000u));
    const float32x4_t magic = vreinterpretq_f32_u32(vorrq_u32(sign, vdupq_n_u32(0x4b000000u)));
    const float32x4_t rounded = vsubq_f32(vaddq_f32(x, magic), magic);
    return vbslq_f32(vcaltq_f32(x, magic), rounded, x);
  }

  static Left load_left(const float* p) { return vld1_f32(p); }
  static Left load_left_one(const float* p) { return vld1_dup_f32(p); }
  template <int L>
  static vf fma_left(Left a, vf b, vf acc) {
    return vfmaq_f32(acc, b, vdupq_lane_f32(a, L));
  }

 private:
  // If `error` is not 0 and sum's last bit is 0, one step in error's direction. The error of an infinite sum is NaN: no step.
  static float32x4_t round_to_odd(float32x4_t sum, float32x4_t error) {
    const uint32x4_t bits = vreinterpretq_u32_f32(sum);
    const uint32x4_t even = vceqq_u32(vandq_u32(bits, vdupq_n_u32(1)), vdupq_n_u32(0));
    const float32x4_t direction = vmulq_f32(error, sum);
    const uint32x4_t up = vandq_u32(vcgtq_f32(direction, vdupq_n_f32(0.0f)), even);  // all ones is -1
    const uint32x4_t down = vandq_u32(vcltq_f32(direction, vdupq_n_f32(0.0f)), even);
    return vreinterpretq_f32_u32(vaddq_u32(vsubq_u32(bits, up), down));
  }
};

static_assert(sixfold::Isa<Isa>);

}  // namespace sixfold::neon_v7
