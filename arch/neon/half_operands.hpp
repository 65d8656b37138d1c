// What arithmetics on vectors of 8 halves have in common, whatever they compute with them. `Isa` is the ISA that they belong to:
// its name is in every symbol.
#pragma once

#include <arm_neon.h>

#include "../../kernels/half.hpp"

namespace sixfold {

template <class Isa>
struct NeonHalfOperands {
  using Element = Half;
  using Right = float16x8_t;
  using Left = float16x8_t;

  static constexpr int width = 8;
  static constexpr int left_step = 8;

  static Right load_right(const Half* p) { return vreinterpretq_f16_u16(vld1q_u16(&p->bits)); }
  static void store_right(Half* p, Right b) { vst1q_u16(&p->bits, vreinterpretq_u16_f16(b)); }
  static Left load_left(const Half* p) { return vreinterpretq_f16_u16(vld1q_u16(&p->bits)); }
  static Left load_left_one(const Half* p) { return vreinterpretq_f16_u16(vld1q_dup_u16(&p->bits)); }
};

}  // namespace sixfold
