#pragma once
// Sums over a row of floats: what the normalisations share. For kernel bodies; include the vector type first.

#include <cstdint>

#include "engine/simd/math.h"

namespace vireo::ops {

template <class V>
VIREO_INLINE float row_sum(const float* x, std::int64_t n) {
  constexpr int w = V::kWidth;
  V a = V::zero(), b = a;
  std::int64_t i = 0;
  for (; i + 2 * w <= n; i += 2 * w) {
    a = a + V::load(x + i);
    b = b + V::load(x + i + w);
  }
  for (; i + w <= n; i += w) a = a + V::load(x + i);
  if (i < n) b = b + V::load(x + i, V::tail(static_cast<int>(n - i)));
  return sum(a + b);
}

template <class V>
VIREO_INLINE float row_square_sum(const float* x, std::int64_t n, float mean) {
  constexpr int w = V::kWidth;
  const V m = V::set(mean);
  V a = V::zero(), b = a;
  std::int64_t i = 0;
  for (; i + 2 * w <= n; i += 2 * w) {
    const V p = V::load(x + i) - m, q = V::load(x + i + w) - m;
    a = fma(p, p, a);
    b = fma(q, q, b);
  }
  for (; i + w <= n; i += w) {
    const V p = V::load(x + i) - m;
    a = fma(p, p, a);
  }
  float total = sum(a + b);
  for (; i < n; ++i) total += (x[i] - mean) * (x[i] - mean);
  return total;
}

}  // namespace vireo::ops
