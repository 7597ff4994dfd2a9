#pragma once
// Words (words.h) on AVX-512 VNNI.

#include <immintrin.h>

#include <cstdint>

#include "engine/simd/inline.h"

namespace vireo::simd::avx512_vnni {

struct Words {
  static constexpr int kLanes = 16, kValues = 4;
  static constexpr bool kBytes = true;
  __m512i r;

  VIREO_INLINE static Words set(std::int32_t x) { return {_mm512_set1_epi32(x)}; }
  VIREO_INLINE static Words load(const void* p) { return {_mm512_loadu_si512(p)}; }
  VIREO_INLINE void store(void* p) const { _mm512_storeu_si512(p, r); }
};

VIREO_INLINE Words operator+(Words a, Words b) { return {_mm512_add_epi32(a.r, b.r)}; }
VIREO_INLINE Words operator*(Words a, Words b) { return {_mm512_mullo_epi32(a.r, b.r)}; }
VIREO_INLINE Words dot(Words sum, Words columns, Words rows) { return {_mm512_dpbusd_epi32(sum.r, columns.r, rows.r)}; }

}  // namespace vireo::simd::avx512_vnni
