#pragma once
// The vector vocabulary without intrinsics: four lanes of the compiler's vector extension, which become SSE2, NEON or
// whatever the target has. It is also the description of the vocabulary: avx2.h and avx512.h provide the same names.
//
// V holds V::kWidth floats. A Tail selects the first n lanes; loads and stores with a Tail touch no other memory and
// give 0 in the other lanes. min(a, b) and max(a, b) return b where either is NaN, so clamps write max(lo, x).

#include <cstdint>
#include <cstring>

#include "engine/simd/inline.h"

namespace vireo::simd::portable {

struct V {
  static constexpr int kWidth = 4;
  static constexpr bool kCheapTails = false;  ///< a tail costs no more than a whole vector
  static constexpr bool kTables = false;      ///< lookup() is slow
  using Raw = float __attribute__((vector_size(16)));
  using Mask = std::int32_t __attribute__((vector_size(16)));
  struct Tail {
    int lanes;
  };
  Raw r;

  /// Bit i is set where lane i of the mask is.
  VIREO_INLINE static unsigned bits(Mask m) {
    unsigned set = 0;
    for (int i = 0; i < kWidth; ++i) set |= (m[i] ? 1u : 0u) << i;
    return set;
  }
  VIREO_INLINE static V zero() { return {Raw{0, 0, 0, 0}}; }
  VIREO_INLINE static V set(float x) { return {Raw{x, x, x, x}}; }
  VIREO_INLINE static V load(const float* p) {
    V v;
    std::memcpy(&v.r, p, sizeof v.r);
    return v;
  }
  VIREO_INLINE static Tail tail(int lanes) { return {lanes}; }
  VIREO_INLINE static V load(const float* p, Tail t) {
    V v = zero();
    for (int i = 0; i < t.lanes; ++i) v.r[i] = p[i];
    return v;
  }
  VIREO_INLINE void store(float* p) const { std::memcpy(p, &r, sizeof r); }
  VIREO_INLINE void store(float* p, Tail t) const {
    for (int i = 0; i < t.lanes; ++i) p[i] = r[i];
  }
};

VIREO_INLINE V operator+(V a, V b) { return {a.r + b.r}; }
VIREO_INLINE V operator-(V a, V b) { return {a.r - b.r}; }
VIREO_INLINE V operator*(V a, V b) { return {a.r * b.r}; }
VIREO_INLINE V operator/(V a, V b) { return {a.r / b.r}; }
VIREO_INLINE V fma(V a, V b, V c) { return {a.r * b.r + c.r}; }   ///< a * b + c
VIREO_INLINE V fnma(V a, V b, V c) { return {c.r - a.r * b.r}; }  ///< c - a * b

VIREO_INLINE V::Mask less(V a, V b) { return a.r < b.r; }
VIREO_INLINE V::Mask less_equal(V a, V b) { return a.r <= b.r; }
VIREO_INLINE V::Mask equal(V a, V b) { return a.r == b.r; }
VIREO_INLINE V select(V::Mask m, V yes, V no) { return {m ? yes.r : no.r}; }
VIREO_INLINE V min(V a, V b) { return select(less(a, b), a, b); }
VIREO_INLINE V max(V a, V b) { return select(less(b, a), a, b); }

VIREO_INLINE V abs(V a) {
  V::Mask bits;
  std::memcpy(&bits, &a, sizeof bits);
  bits &= 0x7fffffff;
  std::memcpy(&a, &bits, sizeof bits);
  return a;
}
/// magnitude of a (which must not be negative) with the sign of s.
VIREO_INLINE V with_sign(V a, V s) {
  V::Mask x, y;
  std::memcpy(&x, &a, sizeof x);
  std::memcpy(&y, &s, sizeof y);
  x |= y & static_cast<std::int32_t>(0x80000000u);
  std::memcpy(&a, &x, sizeof x);
  return a;
}
VIREO_INLINE V sqrt(V a) {
  for (int i = 0; i < V::kWidth; ++i) a.r[i] = __builtin_sqrtf(a.r[i]);
  return a;
}
VIREO_INLINE V round(V a) {  ///< to nearest, ties to even
  for (int i = 0; i < V::kWidth; ++i) a.r[i] = __builtin_rintf(a.r[i]);
  return a;
}
VIREO_INLINE V floor(V a) {
  for (int i = 0; i < V::kWidth; ++i) a.r[i] = __builtin_floorf(a.r[i]);
  return a;
}
VIREO_INLINE V ceil(V a) {
  for (int i = 0; i < V::kWidth; ++i) a.r[i] = __builtin_ceilf(a.r[i]);
  return a;
}
VIREO_INLINE V trunc(V a) {
  for (int i = 0; i < V::kWidth; ++i) a.r[i] = __builtin_truncf(a.r[i]);
  return a;
}
/// 1 / a within 2 ulp, for finite a with a finite reciprocal.
VIREO_INLINE V reciprocal(V a) { return V::set(1) / a; }
/// Of each lane table[k], k being the low four bits of the lane's pattern. `table` is aligned to 64 bytes.
VIREO_INLINE V lookup(const float* table, V k) {
  std::int32_t bits[V::kWidth];
  std::memcpy(bits, &k.r, sizeof bits);
  V v;
  for (int i = 0; i < V::kWidth; ++i) v.r[i] = table[bits[i] & 15];
  return v;
}
/// a * 2^n for integral n in [-200, 200].
VIREO_INLINE V scale_by_power(V a, V n) {
  for (int i = 0; i < V::kWidth; ++i)
    a.r[i] = n.r[i] == n.r[i] ? __builtin_ldexpf(a.r[i], static_cast<int>(n.r[i])) : n.r[i];
  return a;
}
/// a * 2^n, where n's low mantissa bits hold the integer n (a number to which 1.5 * 2^23 was added); all exponents
/// normal.
VIREO_INLINE V add_exponent(V a, V n) {
  V::Mask x, y;
  std::memcpy(&x, &a, sizeof x);
  std::memcpy(&y, &n, sizeof y);
  x += y << 23;
  std::memcpy(&a, &x, sizeof a);
  return a;
}
// avx512.h alone has power_of_32nds(n): 2^(k/32) for such an n of integer k, from a table in registers.
/// The exponent e and mantissa m in [0.75, 1.5) with a = m * 2^e, for normal positive a.
VIREO_INLINE void split(V a, V& mantissa, V& exponent) {
  for (int i = 0; i < V::kWidth; ++i) {
    int e = 0;
    float m = __builtin_frexpf(a.r[i], &e);
    if (m < 0.75f) {
      m *= 2;
      --e;
    }
    mantissa.r[i] = m;
    exponent.r[i] = static_cast<float>(e);
  }
}
VIREO_INLINE float sum(V a) { return (a.r[0] + a.r[2]) + (a.r[1] + a.r[3]); }
VIREO_INLINE float max_lane(V a) {
  float m = a.r[0];
  for (int i = 1; i < V::kWidth; ++i) m = a.r[i] > m ? a.r[i] : m;
  return m;
}
VIREO_INLINE float min_lane(V a) {
  float m = a.r[0];
  for (int i = 1; i < V::kWidth; ++i) m = a.r[i] < m ? a.r[i] : m;
  return m;
}

}  // namespace vireo::simd::portable
