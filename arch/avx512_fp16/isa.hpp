// AVX-512 with half arithmetic (AVX512-FP16): what it adds to avx512.
#pragma once

#include "../../kernels/row.hpp"
#include "../avx512/isa.hpp"

namespace sixfold::avx512 {
extern const KernelTable table;
}

namespace sixfold::avx512_fp16 {

// 32 halves a vector.
struct Halves {
  using Element = Half;
  using Accumulator = __m512h;
  using Right = __m512h;
  // Not the value but where it lies: a broadcast to a register takes one of the two ports that multiply, a broadcast by the
  // multiply-add itself does not.
  using Left = const Half*;

  static constexpr int width = 32;
  static constexpr int left_step = 1;
  static constexpr bool rounds_to_half = true;
  // Each multiply-add loads its left operand, and two loads a cycle are the limit. 14x64 gains nothing, 8x96 and 6x128 lose;
  // 12x32 and 14x32 are no better than 16x32, which is bound by its loads.
  static constexpr TileShape gemm_tiles[] = {{12, 2}, {16, 1}};
  static constexpr OnePixel one_pixel = {.vectors = 8, .fetch_bytes = 0};
  static constexpr int depthwise_columns = 7;
  static constexpr bool depthwise_unrolls_rows = true;

  static Accumulator zero() { return _mm512_setzero_ph(); }
  // By way of memory: conversions from registers, and the second half of one, take the ports that multiply. Compilers would see
  // through it.
  template <class vf>
  static void to_floats(Accumulator acc, vf (&floats)[2]) {
    __m512h halves = acc;
    __asm__("" : "+m"(halves));
    const __m256i* parts = reinterpret_cast<const __m256i*>(&halves);
    floats[0] = _mm512_cvtph_ps(parts[0]);
    floats[1] = _mm512_cvtph_ps(parts[1]);
  }
  static Right load_right(const Half* p) { return _mm512_loadu_ph(p); }
  static void store_right(Half* p, Right b) { _mm512_storeu_ph(p, b); }
  static Left load_left(const Half* p) { return p; }
  static Left load_left_one(const Half* p) { return p; }
  // Compilers would broadcast once, to a register.
  template <int L>
  static Accumulator fma_left(Left a, Right b, Accumulator acc) {
    __asm__("vfmadd231ph %2%{1to32%}, %1, %0" : "+v"(acc) : "v"(b), "m"(*a));
    return acc;
  }
  static Accumulator fma(Right a, Right b, Accumulator acc) { return _mm512_fmadd_ph(a, b, acc); }
  static __mmask32 first_lanes(std::size_t n) { return n < 32 ? (1u << n) - 1u : ~0u; }
  static void copy_masked(const Half* from, Half* to, __mmask32 mask) {
    _mm512_storeu_epi16(to, _mm512_maskz_loadu_epi16(mask, from));
  }
};

struct Isa : Avx512<Isa> {
  using HalfArithmetic = Halves;

  static constexpr char name[] = "avx512_fp16";
  static constexpr const KernelTable* base = &avx512::table;
};

static_assert(sixfold::Isa<Isa>);

}  // namespace sixfold::avx512_fp16
