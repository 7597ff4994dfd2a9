#pragma once
// The vector vocabulary (see portable.h) on AVX-512 F+BW+DQ+VL: sixteen lanes. Only for files named *.avx512.cpp.

// GCC 12 warns about its own _mm512_undefined_ps.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <cstdint>

#include "engine/simd/inline.h"

namespace vireo::simd::avx512 {

/// Eight lanes: the lower half of V. Where 512-bit units are two of 256 bits (Zen 4), its operations cost half.
struct Half {
  static constexpr int kWidth = 8;
  struct Tail {
    __mmask8 lanes;
  };
  __m256 r;

  VIREO_INLINE static Half zero() { return {_mm256_setzero_ps()}; }
  VIREO_INLINE static Half set(float x) { return {_mm256_set1_ps(x)}; }
  VIREO_INLINE static Half load(const float* p) { return {_mm256_loadu_ps(p)}; }
  VIREO_INLINE static Tail tail(int lanes) { return {static_cast<__mmask8>((1u << lanes) - 1u)}; }
  VIREO_INLINE static Half load(const float* p, Tail t) { return {_mm256_maskz_loadu_ps(t.lanes, p)}; }
  VIREO_INLINE void store(float* p) const { _mm256_storeu_ps(p, r); }
  VIREO_INLINE void store(float* p, Tail t) const { _mm256_mask_storeu_ps(p, t.lanes, r); }
};
VIREO_INLINE Half operator+(Half a, Half b) { return {_mm256_add_ps(a.r, b.r)}; }
VIREO_INLINE Half fma(Half a, Half b, Half c) { return {_mm256_fmadd_ps(a.r, b.r, c.r)}; }
VIREO_INLINE Half min(Half a, Half b) { return {_mm256_min_ps(a.r, b.r)}; }
VIREO_INLINE Half max(Half a, Half b) { return {_mm256_max_ps(a.r, b.r)}; }

struct V {
  static constexpr int kWidth = 16;
  using Lower = Half;
  static constexpr bool kCheapTails = false;  ///< a masked store can't be forwarded to the loads that follow
  static constexpr bool kTables = true;       ///< lookup() costs no more than a shuffle
  using Mask = __mmask16;
  struct Tail {
    __mmask16 lanes;
  };
  __m512 r;

  VIREO_INLINE static unsigned bits(Mask m) { return m; }
  VIREO_INLINE static V zero() { return {_mm512_setzero_ps()}; }
  VIREO_INLINE static V set(float x) { return {_mm512_set1_ps(x)}; }
  VIREO_INLINE static V load(const float* p) { return {_mm512_loadu_ps(p)}; }
  VIREO_INLINE static Tail tail(int lanes) { return {static_cast<__mmask16>((1u << lanes) - 1u)}; }
  VIREO_INLINE static V load(const float* p, Tail t) { return {_mm512_maskz_loadu_ps(t.lanes, p)}; }
  VIREO_INLINE void store(float* p) const { _mm512_storeu_ps(p, r); }
  VIREO_INLINE void store(float* p, Tail t) const { _mm512_mask_storeu_ps(p, t.lanes, r); }
};

VIREO_INLINE Half lower(V a) { return {_mm512_castps512_ps256(a.r)}; }
VIREO_INLINE V operator+(V a, V b) { return {_mm512_add_ps(a.r, b.r)}; }
VIREO_INLINE V operator-(V a, V b) { return {_mm512_sub_ps(a.r, b.r)}; }
VIREO_INLINE V operator*(V a, V b) { return {_mm512_mul_ps(a.r, b.r)}; }
VIREO_INLINE V operator/(V a, V b) { return {_mm512_div_ps(a.r, b.r)}; }
VIREO_INLINE V fma(V a, V b, V c) { return {_mm512_fmadd_ps(a.r, b.r, c.r)}; }
VIREO_INLINE V fnma(V a, V b, V c) { return {_mm512_fnmadd_ps(a.r, b.r, c.r)}; }

VIREO_INLINE V::Mask less(V a, V b) { return _mm512_cmp_ps_mask(a.r, b.r, _CMP_LT_OQ); }
VIREO_INLINE V::Mask less_equal(V a, V b) { return _mm512_cmp_ps_mask(a.r, b.r, _CMP_LE_OQ); }
VIREO_INLINE V::Mask equal(V a, V b) { return _mm512_cmp_ps_mask(a.r, b.r, _CMP_EQ_OQ); }
VIREO_INLINE V select(V::Mask m, V yes, V no) { return {_mm512_mask_blend_ps(m, no.r, yes.r)}; }
VIREO_INLINE V min(V a, V b) { return {_mm512_min_ps(a.r, b.r)}; }
VIREO_INLINE V max(V a, V b) { return {_mm512_max_ps(a.r, b.r)}; }

VIREO_INLINE V abs(V a) { return {_mm512_abs_ps(a.r)}; }
VIREO_INLINE V with_sign(V a, V s) { return {_mm512_or_ps(a.r, _mm512_and_ps(_mm512_set1_ps(-0.0f), s.r))}; }
VIREO_INLINE V sqrt(V a) { return {_mm512_sqrt_ps(a.r)}; }
VIREO_INLINE V round(V a) { return {_mm512_roundscale_ps(a.r, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
VIREO_INLINE V floor(V a) { return {_mm512_roundscale_ps(a.r, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)}; }
VIREO_INLINE V ceil(V a) { return {_mm512_roundscale_ps(a.r, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC)}; }
VIREO_INLINE V trunc(V a) { return {_mm512_roundscale_ps(a.r, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC)}; }
/// One Newton step on the 14-bit estimate.
VIREO_INLINE V reciprocal(V a) {
  const __m512 x = _mm512_rcp14_ps(a.r);
  return {_mm512_mul_ps(x, _mm512_fnmadd_ps(a.r, x, _mm512_set1_ps(2)))};
}
/// Of each lane table[k], k being the low four bits of the lane's pattern. `table` is aligned to 64 bytes.
VIREO_INLINE V lookup(const float* table, V k) {
  return {_mm512_permutexvar_ps(_mm512_castps_si512(k.r), _mm512_load_ps(table))};
}
VIREO_INLINE V scale_by_power(V a, V n) { return {_mm512_scalef_ps(a.r, n.r)}; }
VIREO_INLINE V add_exponent(V a, V n) {
  return {
      _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a.r), _mm512_slli_epi32(_mm512_castps_si512(n.r), 23)))};
}
/// 2^(k/32), where n's low mantissa bits hold the integer k (a number to which 1.5 * 2^23 was added); normal results.
/// The table has the bits of 2^(j/32) less j << 18, which the shifted k adds again.
VIREO_INLINE V power_of_32nds(V n) {
  alignas(64) static constexpr std::int32_t kTable[32] = {
      0x3f800000, 0x3f7ecd87, 0x3f7daac3, 0x3f7c980f, 0x3f7b95c2, 0x3f7aa43a, 0x3f79c3d3, 0x3f78f4f0,
      0x3f7837f0, 0x3f778d3a, 0x3f76f532, 0x3f767043, 0x3f75fed7, 0x3f75a15b, 0x3f75583f, 0x3f7523f6,
      0x3f7504f3, 0x3f74fbaf, 0x3f7508a4, 0x3f752c4d, 0x3f75672a, 0x3f75b9be, 0x3f76248c, 0x3f76a81e,
      0x3f7744fd, 0x3f77fbb8, 0x3f78ccdf, 0x3f79b907, 0x3f7ac0c7, 0x3f7be4ba, 0x3f7d257d, 0x3f7e83b3};
  const __m512i k = _mm512_castps_si512(n.r);
  const __m512i power = _mm512_permutex2var_epi32(_mm512_load_si512(kTable), k, _mm512_load_si512(kTable + 16));
  return {_mm512_castsi512_ps(_mm512_add_epi32(power, _mm512_slli_epi32(k, 18)))};
}
VIREO_INLINE void split(V a, V& mantissa, V& exponent) {
  mantissa = {_mm512_getmant_ps(a.r, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_src)};
  exponent = {_mm512_getexp_ps(_mm512_div_ps(a.r, mantissa.r))};
}
VIREO_INLINE float sum(V a) { return _mm512_reduce_add_ps(a.r); }
VIREO_INLINE float max_lane(V a) { return _mm512_reduce_max_ps(a.r); }
VIREO_INLINE float min_lane(V a) { return _mm512_reduce_min_ps(a.r); }

}  // namespace vireo::simd::avx512
