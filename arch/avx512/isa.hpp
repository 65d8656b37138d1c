// AVX-512 F, VL, BW and DQ: 16 lanes, 32 registers, masks for parts of a vector.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <xsimd/xsimd.hpp>

#include "../../kernels/isa.hpp"

namespace sixfold {

// For the ISA `Isa`, whose name is in every symbol: AVX-512 with or without extensions.
template <class Isa>
struct Avx512 {
  using Arch = xsimd::avx512f;
  using vf = xsimd::batch<float, Arch>;
  using vmask = xsimd::batch_bool<float, Arch>;
  using Left = vf;
  using Mask = __mmask16;

  static constexpr int width = 16;
  static constexpr int left_step = 1;
  // At equal cost the first is taken: the wider, the fewer loads of the left operand. 12x16 is for outputs of up to 16 channels.
  // 12x32 is up to 7 % slower than 14x32; 5x80 gains nothing; 8x16, 16x16 and 24x16 are no better than 12x16.
  static constexpr TileShape gemm_tiles[] = {{6, 4}, {9, 3}, {14, 2}, {12, 1}};
  static constexpr OnePixel one_pixel = {.vectors = 8, .fetch_bytes = 0};
  static constexpr int depthwise_columns = 7;
  static constexpr bool pixel_portions = true;
  static constexpr bool rereads_pixels = true;
  static constexpr bool skips_padding = true;

  static vf zero() { return _mm512_setzero_ps(); }
  static vf set1(float x) { return _mm512_set1_ps(x); }
  static vf load(const float* p) { return _mm512_loadu_ps(p); }
  static vf load(const Half* p) { return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
  // The CPU promises that a masked load or store touches nothing where the mask is 0.
  static Mask first_lanes(std::size_t n) { return static_cast<Mask>(n < 16 ? (1u << n) - 1u : 0xffffu); }
  static vf load_masked(const float* p, Mask m) { return _mm512_maskz_loadu_ps(m, p); }
  static vf load_masked(const Half* p, Mask m) { return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(m, p)); }
  static void store_masked(float* p, vf x, Mask m) { _mm512_mask_storeu_ps(p, m, x); }
  static void store_masked(Half* p, vf x, Mask m) { _mm256_mask_storeu_epi16(p, m, to_half(x)); }
  static vf load_partial(const float* p, std::size_t n) { return load_masked(p, first_lanes(n)); }
  static vf load_partial(const Half* p, std::size_t n) { return load_masked(p, first_lanes(n)); }
  static void store(float* p, vf x) { _mm512_storeu_ps(p, x); }
  static void store(Half* p, vf x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), to_half(x)); }
  static void store_partial(float* p, vf x, std::size_t n) { store_masked(p, x, first_lanes(n)); }
  static void store_partial(Half* p, vf x, std::size_t n) { store_masked(p, x, first_lanes(n)); }

  static vf fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
  // The product is exact in fp32, the sum is not. Of the two floats around it, the one whose last bit is set tells the second
  // rounding all that it needs to know: where exactly the sum lies does not matter, that it lies on neither side of it does.
  static vf fma_to_half(vf a, vf b, vf c) {
    const __m512 below = _mm512_fmadd_round_ps(a, b, c, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    const __m512 above = _mm512_fmadd_round_ps(a, b, c, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
    const __mmask16 odd_below = _mm512_test_epi32_mask(_mm512_castps_si512(below), _mm512_set1_epi32(1));
    return _mm512_cvtph_ps(to_half(_mm512_mask_mov_ps(above, odd_below, below)));
  }
  static vf div(vf a, vf b) { return _mm512_div_ps(a, b); }
  // minps and maxps give their second operand if either is NaN, so b stands second; a NaN in a is put back.
  static vf min(vf a, vf b) { return _mm512_mask_mov_ps(_mm512_min_ps(a, b), is_nan(a), a); }
  static vf max(vf a, vf b) { return _mm512_mask_mov_ps(_mm512_max_ps(a, b), is_nan(a), a); }
  static vf at_least(vf x, vf lo) { return _mm512_max_ps(lo, x); }
  static vf at_most(vf x, vf hi) { return _mm512_min_ps(hi, x); }
  static vf clamp(vf x, vf lo, vf hi) { return at_most(at_least(x, lo), hi); }
  static vf abs(vf x) { return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), x); }
  static vf select(vmask m, vf a, vf b) { return _mm512_mask_mov_ps(b, m, a); }
  static vf round_nearest(vf x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  // The sum's last bits are n plus the exponent's bias; they become the exponent.
  static vf pow2(vf n) {
    const __m512i biased = _mm512_castps_si512(_mm512_add_ps(n, _mm512_set1_ps(12583039.0f)));
    return _mm512_castsi512_ps(_mm512_slli_epi32(biased, 23));
  }

  static Left load_left(const float* p) { return _mm512_set1_ps(*p); }
  static Left load_left_one(const float* p) { return _mm512_set1_ps(*p); }
  template <int L>
  static vf fma_left(Left a, vf b, vf acc) {
    return _mm512_fmadd_ps(a, b, acc);
  }

 private:
  static __mmask16 is_nan(vf x) { return _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q); }
  static __m256i to_half(vf x) { return _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT); }
};

}  // namespace sixfold

namespace sixfold::avx512 {

struct Isa : Avx512<Isa> {
  static constexpr char name[] = "avx512";
};

static_assert(sixfold::Isa<Isa>);

}  // namespace sixfold::avx512
