// AArch64 with the half arithmetic of Armv8.2 (FEAT_FP16): multiply-adds of 8 halves. It adds to neon: what is not about half
// accumulation is there.
#pragma once

#include "../../kernels/arithmetic.hpp"
#include "../neon/half_operands.hpp"
#include "../neon/isa.hpp"

namespace sixfold {

namespace neon {
extern const KernelTable table;
}

namespace neon_fp16 {

struct Isa : Neon64<Isa> {
  static constexpr char name[] = "neon_fp16";
  static constexpr const KernelTable* base = &neon::table;

  struct HalfArithmetic : NeonHalfOperands<Isa> {
    using Accumulator = float16x8_t;

    static constexpr bool rounds_to_half = true;
    // As in neon, with vectors of twice as many channels.
    static constexpr TileShape gemm_tiles[] = {{8, 2}, {8, 1}};
    static constexpr int depthwise_columns = 7;
    static constexpr bool depthwise_unrolls_rows = false;  // both compilers run out of registers

    static Accumulator zero() { return vreinterpretq_f16_u16(vdupq_n_u16(0)); }
    static void to_floats(Accumulator acc, vf (&floats)[2]) {
      floats[0] = vcvt_f32_f16(vget_low_f16(acc));
      floats[1] = vcvt_high_f32_f16(acc);
    }
#ifndef __clang__
    // Tells g++ of the "x" below where it chooses a register, not where it is too late.
    static Left load_left(const Half* p) {
      Left left = NeonHalfOperands::load_left(p);
      asm("" : "+x"(left));
      return left;
    }
#endif
    // Of the intrinsic g++ 12 makes two instructions, a broadcast of the lane and a multiply-add. The lane must be one of the first
    // 16 registers: "x".
    template <int L>
    static Accumulator fma_left(Left left, Right right, Accumulator acc) {
#ifdef __clang__
      return vfmaq_laneq_f16(acc, right, left, L);
#else
      asm("fmla %0.8h, %1.8h, %2.h[%c3]" : "+w"(acc) : "w"(right), "x"(left), "n"(L));
      return acc;
#endif
    }
    static Accumulator fma(Right a, Right b, Accumulator acc) {
      acc = vfmaq_f16(acc, a, b);
#ifndef __clang__
      asm("" : "+w"(acc));  // else g++ 12 moves some accumulators to another register and back in a loop
#endif
      return acc;
    }
  };
};

static_assert(sixfold::Isa<Isa>);
static_assert(ArithmeticOn<Isa::HalfArithmetic, Isa>);

}  // namespace neon_fp16
}  // namespace sixfold
