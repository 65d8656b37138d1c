// AArch64 with the widening multiply-adds of Armv8.4 (FEAT_FHM: FMLAL and FMLAL2), which take halves and add to floats: fp16 that
// accumulates in fp32, without conversions. It adds to neon_fp16.
#pragma once

#include "../../kernels/arithmetic.hpp"
#include "../neon/half_operands.hpp"
#include "../neon/isa.hpp"

namespace sixfold {

namespace neon_fp16 {
extern const KernelTable table;
}

namespace neon_fhm {

struct Isa : Neon64<Isa> {
  static constexpr char name[] = "neon_fhm";
  static constexpr const KernelTable* base = &neon_fp16::table;

  struct WideningArithmetic : NeonHalfOperands<Isa> {
    struct Accumulator {
      float32x4_t low;
      float32x4_t high;
    };

    static constexpr bool rounds_to_half = false;
    // 16 accumulators, as in neon.
    static constexpr TileShape gemm_tiles[] = {{8, 1}};

    static Accumulator zero() { return {vdupq_n_f32(0.0f), vdupq_n_f32(0.0f)}; }
    static Accumulator from_floats(const float* p) { return {vld1q_f32(p), vld1q_f32(p + 4)}; }
    static void to_floats(Accumulator acc, vf (&floats)[2]) {
      floats[0] = acc.low;
      floats[1] = acc.high;
    }
    template <int L>
    static Accumulator fma_left(Left left, Right right, Accumulator acc) {
      return {vfmlalq_laneq_low_f16(acc.low, right, left, L), vfmlalq_laneq_high_f16(acc.high, right, left, L)};
    }
  };
};

static_assert(sixfold::Isa<Isa>);
static_assert(ArithmeticOn<Isa::WideningArithmetic, Isa>);

}  // namespace neon_fhm
}  // namespace sixfold
