#pragma once
// Words (words.h) on AVX2.

#include <immintrin.h>

#include <cstdint>

#include "engine/simd/inline.h"

namespace vireo::simd::avx2 {

struct Words {
  static constexpr int kLanes = 8, kValues = 2;
  static constexpr bool kBytes = false;
  __m256i r;

  VIREO_INLINE static Words set(std::int32_t x) { return {_mm256_set1_epi32(x)}; }
  VIREO_INLINE static Words load(const void* p) { return {_mm256_loadu_si256(static_cast<const __m256i*>(p))}; }
  VIREO_INLINE void store(void* p) const { _mm256_storeu_si256(static_cast<__m256i*>(p), r); }
};

VIREO_INLINE Words operator+(Words a, Words b) { return {_mm256_add_epi32(a.r, b.r)}; }
VIREO_INLINE Words operator*(Words a, Words b) { return {_mm256_mullo_epi32(a.r, b.r)}; }
VIREO_INLINE Words dot(Words sum, Words columns, Words rows) {
  return {_mm256_add_epi32(sum.r, _mm256_madd_epi16(columns.r, rows.r))};
}

}  // namespace vireo::simd::avx2
