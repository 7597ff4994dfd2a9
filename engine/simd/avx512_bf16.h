#pragma once
// The part of the vector vocabulary (see portable.h) that a sum of products needs, where a lane of an operand of fma()
// holds two values of bfloat16 and the sum is float32: sixteen sums of pairs. set() and load() move lanes as they are;
// arithmetic other than fma() is float32's. Only for files named *.avx512_bf16.cpp.

#include "engine/simd/avx512.h"

namespace vireo::simd::avx512_bf16 {

/// Eight lanes: the lower half of V.
struct Half {
  static constexpr int kWidth = 8;
  using Tail = avx512::Half::Tail;
  __m256 r;

  VIREO_INLINE static Half zero() { return {_mm256_setzero_ps()}; }
  VIREO_INLINE static Half set(float x) { return {_mm256_set1_ps(x)}; }
  VIREO_INLINE static Half load(const float* p) { return {_mm256_loadu_ps(p)}; }
  VIREO_INLINE static Tail tail(int lanes) { return avx512::Half::tail(lanes); }
  VIREO_INLINE static Half load(const float* p, Tail t) { return {_mm256_maskz_loadu_ps(t.lanes, p)}; }
  VIREO_INLINE void store(float* p) const { _mm256_storeu_ps(p, r); }
  VIREO_INLINE void store(float* p, Tail t) const { _mm256_mask_storeu_ps(p, t.lanes, r); }
};
VIREO_INLINE Half operator+(Half a, Half b) { return {_mm256_add_ps(a.r, b.r)}; }
VIREO_INLINE Half fma(Half a, Half b, Half c) {
  return {_mm256_dpbf16_ps(c.r, reinterpret_cast<__m256bh>(a.r), reinterpret_cast<__m256bh>(b.r))};
}
/// fma() of the value at x in every lane.
VIREO_INLINE Half fma_at(const float* x, Half b, Half c) {
  asm("vdpbf16ps %2%{1to8%}, %1, %0" : "+v"(c.r) : "v"(b.r), "m"(*x));
  return c;
}
VIREO_INLINE Half min(Half a, Half b) { return {_mm256_min_ps(a.r, b.r)}; }
VIREO_INLINE Half max(Half a, Half b) { return {_mm256_max_ps(a.r, b.r)}; }

struct V {
  static constexpr int kWidth = 16;
  using Lower = Half;
  using Tail = avx512::V::Tail;
  __m512 r;

  VIREO_INLINE static V zero() { return {_mm512_setzero_ps()}; }
  VIREO_INLINE static V set(float x) { return {_mm512_set1_ps(x)}; }
  VIREO_INLINE static V load(const float* p) { return {_mm512_loadu_ps(p)}; }
  VIREO_INLINE static Tail tail(int lanes) { return avx512::V::tail(lanes); }
  VIREO_INLINE static V load(const float* p, Tail t) { return {_mm512_maskz_loadu_ps(t.lanes, p)}; }
  VIREO_INLINE void store(float* p) const { _mm512_storeu_ps(p, r); }
  VIREO_INLINE void store(float* p, Tail t) const { _mm512_mask_storeu_ps(p, t.lanes, r); }
};
VIREO_INLINE Half lower(V a) { return {_mm512_castps512_ps256(a.r)}; }
VIREO_INLINE V operator+(V a, V b) { return {_mm512_add_ps(a.r, b.r)}; }
/// c + a.low * b.low + a.high * b.high in every lane.
VIREO_INLINE V fma(V a, V b, V c) {
  return {_mm512_dpbf16_ps(c.r, reinterpret_cast<__m512bh>(a.r), reinterpret_cast<__m512bh>(b.r))};
}
/// fma() of the value at x in every lane, as one instruction, which the compiler doesn't make of a load that is used
/// once: by two of them, panels of one vector reached three quarters of the rate on Zen 4.
VIREO_INLINE V fma_at(const float* x, V b, V c) {
  asm("vdpbf16ps %2%{1to16%}, %1, %0" : "+v"(c.r) : "v"(b.r), "m"(*x));
  return c;
}
VIREO_INLINE V min(V a, V b) { return {_mm512_min_ps(a.r, b.r)}; }
VIREO_INLINE V max(V a, V b) { return {_mm512_max_ps(a.r, b.r)}; }

/// Thirty-two values of bfloat16, rounded to nearest even: a's, then b's.
VIREO_INLINE __m512i round_pair(avx512::V a, avx512::V b) {
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(b.r, a.r));
}

}  // namespace vireo::simd::avx512_bf16
