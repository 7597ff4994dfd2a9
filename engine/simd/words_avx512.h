#pragma once
// Words (words.h) on AVX-512.

#include <immintrin.h>

#include <cstdint>

#include "engine/simd/inline.h"

namespace vireo::simd::avx512 {

struct Words {
  static constexpr int kLanes = 16, kValues = 2;
  static constexpr bool kBytes = false;
  __m512i r;

  VIREO_INLINE static Words set(std::int32_t x) { return {_mm512_set1_epi32(x)}; }
  VIREO_INLINE static Words load(const void* p) { return {_mm512_loadu_si512(p)}; }
  VIREO_INLINE void store(void* p) const { _mm512_storeu_si512(p, r); }
};

VIREO_INLINE Words operator+(Words a, Words b) { return {_mm512_add_epi32(a.r, b.r)}; }
VIREO_INLINE Words operator*(Words a, Words b) { return {_mm512_mullo_epi32(a.r, b.r)}; }
VIREO_INLINE Words dot(Words sum, Words columns, Words rows) {
  return {_mm512_add_epi32(sum.r, _mm512_madd_epi16(columns.r, rows.r))};
}

/// Sums as bytes: round(x * scale), between low and high, plus zero. low and high are the bytes' range less zero.
struct ByteScale {
  __m512 scale, low, high;
  __m512i zero;
};
VIREO_INLINE void store_bytes(const std::int32_t* x, std::uint8_t* y, __mmask16 lanes, const ByteScale& s) {
  const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_maskz_loadu_epi32(lanes, x)), s.scale);
  const __m512i rounded = _mm512_cvtps_epi32(_mm512_min_ps(_mm512_max_ps(scaled, s.low), s.high));  // ties to even
  _mm512_mask_cvtepi32_storeu_epi8(y, lanes, _mm512_add_epi32(rounded, s.zero));
}

}  // namespace vireo::simd::avx512
