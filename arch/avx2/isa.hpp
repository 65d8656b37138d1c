// AVX2 + FMA + F16C: 8 lanes, 16 registers.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <xsimd/xsimd.hpp>

#include "../../kernels/isa.hpp"

namespace sixfold::avx2 {

struct Isa {
  using Arch = xsimd::fma3<xsimd::avx2>;
  using vf = xsimd::batch<float, Arch>;
  using vmask = xsimd::batch_bool<float, Arch>;
  using Left = vf;

  static constexpr char name[] = "avx2";
  static constexpr int width = 8;
  static constexpr int left_step = 1;
  // 6x16 and 4x24 keep 12 accumulators; 8x8 is for outputs of up to 8 channels. In 16 > 96, 3x32 and 1x96 would gain 1 to 2 %,
  // 2x48 and 4x24 nothing.
  static constexpr TileShape gemm_tiles[] = {{6, 2}, {4, 3}, {8, 1}};
  // Fetched ahead, weights from beyond L2 take 0.88 (fp16) to 0.97 of the time on Zen 5; with AVX-512 up to 1.2 times as long.
  static constexpr OnePixel one_pixel = {.vectors = 8, .fetch_bytes = 1024};
  static constexpr int depthwise_columns = 7;
  static constexpr bool shares_index = true;
  static constexpr bool pixel_portions = true;
  static constexpr bool shallow_tiles = true;
  static constexpr bool rereads_pixels = true;
  static constexpr bool skips_padding = true;
  static constexpr bool depthwise_pairs = true;

  static vf zero() { return _mm256_setzero_ps(); }
  static vf set1(float x) { return _mm256_set1_ps(x); }
  static vf load(const float* p) { return _mm256_loadu_ps(p); }
  static vf load(const Half* p) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
  static vf load_partial(const float* p, std::size_t n) { return _mm256_maskload_ps(p, first_lanes(n)); }
  static vf load_partial(const Half* p, std::size_t n) {
    alignas(16) Half buffer[8] = {};
    for (std::size_t i = 0; i < n; ++i) buffer[i] = p[i];
    return load(buffer);
  }
  static void store(float* p, vf x) { _mm256_storeu_ps(p, x); }
  static void store(Half* p, vf x) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), to_half(x)); }
  static void store_partial(float* p, vf x, std::size_t n) { _mm256_maskstore_ps(p, first_lanes(n), x); }
  static void store_partial(Half* p, vf x, std::size_t n) {
    alignas(16) Half buffer[8];
    store(buffer, x);
    for (std::size_t i = 0; i < n; ++i) p[i] = buffer[i];
  }

  static vf fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
  // The product is exact in fp32, the sum is not: what the second rounding needs to know of the first one is put in its last
  // bit. See round_to_odd().
  static vf fma_to_half(vf a, vf b, vf c) {
    const __m256 sum = _mm256_fmadd_ps(a, b, c);
    return _mm256_cvtph_ps(to_half(round_to_odd(sum, rounding_error(a, b, c, sum))));
  }
  static vf div(vf a, vf b) { return _mm256_div_ps(a, b); }
  // minps and maxps give their second operand if either is NaN, so b stands second; a NaN in a is put back.
  static vf min(vf a, vf b) { return _mm256_blendv_ps(_mm256_min_ps(a, b), a, is_nan(a)); }
  static vf max(vf a, vf b) { return _mm256_blendv_ps(_mm256_max_ps(a, b), a, is_nan(a)); }
  static vf at_least(vf x, vf lo) { return _mm256_max_ps(lo, x); }
  static vf at_most(vf x, vf hi) { return _mm256_min_ps(hi, x); }
  static vf clamp(vf x, vf lo, vf hi) { return at_most(at_least(x, lo), hi); }
  static vf abs(vf x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
  static vf select(vmask m, vf a, vf b) { return _mm256_blendv_ps(b, a, m); }
  static vf round_nearest(vf x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  // The sum's last bits are n plus the exponent's bias; they become the exponent.
  static vf pow2(vf n) {
    const __m256i biased = _mm256_castps_si256(_mm256_add_ps(n, _mm256_set1_ps(12583039.0f)));
    return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
  }

  static Left load_left(const float* p) { return _mm256_broadcast_ss(p); }
  static Left load_left_one(const float* p) { return _mm256_broadcast_ss(p); }
  template <int L>
  static vf fma_left(Left a, vf b, vf acc) {
    return _mm256_fmadd_ps(a, b, acc);
  }

 private:
  // A value with the sign of a * b + c - sum, where sum is that rounded to nearest: positive, negative, or +0. NaN, and with the
  // sign bit set, as x86 makes them, if sum is infinite.
  //
  // With p = a * b, which is exact, and the error e = p + c - sum: c - sum is e - p. Rounding it gives a value not below -p if e is
  // positive, and not above if it is negative, since -p is a float. So p added to that has e's sign, or is 0; and is e
  // itself if c is at least as large as p, for then c - sum is exact (Dekker). The same is true with c and p in each other's
  // place. So of the two differences one is e, and the other has its sign or is 0: never is their sum 0, or of the wrong
  // sign. All values are multiples of 2^-48: nothing underflows.
  static __m256 rounding_error(__m256 a, __m256 b, __m256 c, __m256 sum) {
    const __m256 from_c = _mm256_fmadd_ps(a, b, _mm256_sub_ps(c, sum));
    const __m256 from_product = _mm256_add_ps(c, _mm256_fmsub_ps(a, b, sum));
    return _mm256_add_ps(from_c, from_product);
  }

  // If `error` is not 0 and sum's last bit is 0, then sum is a neighbour of the true value, and the other neighbour, by whose
  // last bit it is seen that there was more, is one step from it: up if error's sign is sum's. Halfway between two halves lie
  // only floats whose last bit is 0, so that rounding what this gives is rounding the true value.
  //
  // Zero is added so that no product is -0, which is negative for vpsign. The NaN that goes with an infinite sum is negative: a
  // step down, to the largest float, of which to_half makes the infinity again. A NaN remains one.
  static __m256 round_to_odd(__m256 sum, __m256 error) {
    const __m256i bits = _mm256_castps_si256(sum);
    const __m256i step_if_even = _mm256_andnot_si256(bits, _mm256_set1_epi32(1));
    const __m256 direction = _mm256_fmadd_ps(error, sum, _mm256_setzero_ps());
    const __m256i step = _mm256_sign_epi32(step_if_even, _mm256_castps_si256(direction));
    return _mm256_castsi256_ps(_mm256_add_epi32(bits, step));
  }

  static __m256 is_nan(vf x) { return _mm256_cmp_ps(x, x, _CMP_UNORD_Q); }
  static __m128i to_half(vf x) { return _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT); }
  static __m256i first_lanes(std::size_t n) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lane);
  }
};

static_assert(sixfold::Isa<Isa>);

}  // namespace sixfold::avx2
