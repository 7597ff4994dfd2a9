#pragma once
// The vector vocabulary (see portable.h) on AVX2 and FMA: eight lanes. Only for files named *.avx2.cpp.

#include <immintrin.h>

#include <cstdint>

#include "engine/simd/inline.h"

namespace vireo::simd::avx2 {

struct V {
  static constexpr int kWidth = 8;
  static constexpr bool kCheapTails = false;  ///< a tail costs no more than a whole vector
  static constexpr bool kTables = false;      ///< lookup() is missing
  using Mask = __m256;
  struct Tail {
    __m256i lanes;
  };
  __m256 r;

  VIREO_INLINE static unsigned bits(Mask m) { return static_cast<unsigned>(_mm256_movemask_ps(m)); }
  VIREO_INLINE static V zero() { return {_mm256_setzero_ps()}; }
  VIREO_INLINE static V set(float x) { return {_mm256_set1_ps(x)}; }
  VIREO_INLINE static V load(const float* p) { return {_mm256_loadu_ps(p)}; }
  VIREO_INLINE static Tail tail(int lanes) {
    return {_mm256_cmpgt_epi32(_mm256_set1_epi32(lanes), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))};
  }
  VIREO_INLINE static V load(const float* p, Tail t) { return {_mm256_maskload_ps(p, t.lanes)}; }
  VIREO_INLINE void store(float* p) const { _mm256_storeu_ps(p, r); }
  VIREO_INLINE void store(float* p, Tail t) const { _mm256_maskstore_ps(p, t.lanes, r); }
};

VIREO_INLINE V operator+(V a, V b) { return {_mm256_add_ps(a.r, b.r)}; }
VIREO_INLINE V operator-(V a, V b) { return {_mm256_sub_ps(a.r, b.r)}; }
VIREO_INLINE V operator*(V a, V b) { return {_mm256_mul_ps(a.r, b.r)}; }
VIREO_INLINE V operator/(V a, V b) { return {_mm256_div_ps(a.r, b.r)}; }
VIREO_INLINE V fma(V a, V b, V c) { return {_mm256_fmadd_ps(a.r, b.r, c.r)}; }
VIREO_INLINE V fnma(V a, V b, V c) { return {_mm256_fnmadd_ps(a.r, b.r, c.r)}; }

VIREO_INLINE V::Mask less(V a, V b) { return _mm256_cmp_ps(a.r, b.r, _CMP_LT_OQ); }
VIREO_INLINE V::Mask less_equal(V a, V b) { return _mm256_cmp_ps(a.r, b.r, _CMP_LE_OQ); }
VIREO_INLINE V::Mask equal(V a, V b) { return _mm256_cmp_ps(a.r, b.r, _CMP_EQ_OQ); }
VIREO_INLINE V select(V::Mask m, V yes, V no) { return {_mm256_blendv_ps(no.r, yes.r, m)}; }
VIREO_INLINE V min(V a, V b) { return {_mm256_min_ps(a.r, b.r)}; }
VIREO_INLINE V max(V a, V b) { return {_mm256_max_ps(a.r, b.r)}; }

VIREO_INLINE V abs(V a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.r)}; }
VIREO_INLINE V with_sign(V a, V s) { return {_mm256_or_ps(a.r, _mm256_and_ps(_mm256_set1_ps(-0.0f), s.r))}; }
VIREO_INLINE V sqrt(V a) { return {_mm256_sqrt_ps(a.r)}; }
VIREO_INLINE V round(V a) { return {_mm256_round_ps(a.r, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
VIREO_INLINE V floor(V a) { return {_mm256_round_ps(a.r, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)}; }
VIREO_INLINE V ceil(V a) { return {_mm256_round_ps(a.r, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC)}; }
VIREO_INLINE V trunc(V a) { return {_mm256_round_ps(a.r, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC)}; }
VIREO_INLINE V reciprocal(V a) { return {_mm256_div_ps(_mm256_set1_ps(1), a.r)}; }
/// In two factors, because 2^n alone may be no normal number where a * 2^n is one.
VIREO_INLINE V scale_by_power(V a, V n) {
  const __m256i e = _mm256_cvtps_epi32(n.r);
  const __m256i half = _mm256_srai_epi32(e, 1);
  const __m256i bias = _mm256_set1_epi32(127);
  const __m256i x = _mm256_slli_epi32(_mm256_add_epi32(half, bias), 23);
  const __m256i y = _mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(e, half), bias), 23);
  return {_mm256_mul_ps(_mm256_mul_ps(a.r, _mm256_castsi256_ps(x)), _mm256_castsi256_ps(y))};
}
VIREO_INLINE V add_exponent(V a, V n) {
  return {
      _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a.r), _mm256_slli_epi32(_mm256_castps_si256(n.r), 23)))};
}
VIREO_INLINE void split(V a, V& mantissa, V& exponent) {
  const __m256i bits = _mm256_castps_si256(a.r);
  // Adding half a unit in the exponent's last place moves mantissas from 1.5 up into the next power.
  const __m256i e = _mm256_sub_epi32(_mm256_srli_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x00400000)), 23),
                                     _mm256_set1_epi32(127));
  exponent = {_mm256_cvtepi32_ps(e)};
  mantissa = {_mm256_castsi256_ps(_mm256_sub_epi32(bits, _mm256_slli_epi32(e, 23)))};
}
VIREO_INLINE float sum(V a) {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(a.r), _mm256_extractf128_ps(a.r, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
VIREO_INLINE float max_lane(V a) {
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(a.r), _mm256_extractf128_ps(a.r, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}
VIREO_INLINE float min_lane(V a) {
  __m128 x = _mm_min_ps(_mm256_castps256_ps128(a.r), _mm256_extractf128_ps(a.r, 1));
  x = _mm_min_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_min_ss(x, _mm_movehdup_ps(x)));
}

}  // namespace vireo::simd::avx2
