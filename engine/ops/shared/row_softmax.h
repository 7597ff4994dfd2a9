#pragma once
// Greatest entry and exponentials of a row of floats: what softmax and attention share. For kernel bodies; include the
// vector type first.

#include <cstdint>

#include "engine/simd/math.h"

namespace vireo::ops {

template <class V>
VIREO_INLINE float softmax_top(const float* x, std::int64_t n) {
  constexpr int w = V::kWidth;
  V a = V::set(-__builtin_inff()), b = a;
  std::int64_t i = 0;
  for (; i + 2 * w <= n; i += 2 * w) {
    a = max(a, V::load(x + i));
    b = max(b, V::load(x + i + w));
  }
  for (; i + w <= n; i += w) a = max(a, V::load(x + i));
  float top = max_lane(max(a, b));
  for (; i < n; ++i) top = x[i] > top ? x[i] : top;
  return top;
}

/// y = e^of(x) where y is wanted; returns the sum. `of` is always inlined.
template <bool kStore, class V, class F>
VIREO_INLINE float softmax_exp(const float* x, float* y, std::int64_t n, F&& of) {
  constexpr int w = V::kWidth;
  V a = V::zero(), b = a;
  std::int64_t i = 0;
  for (; i + 2 * w <= n; i += 2 * w) {
    const V p = simd::exp(of(V::load(x + i))), q = simd::exp(of(V::load(x + i + w)));
    a = a + p;
    b = b + q;
    if constexpr (kStore) {
      p.store(y + i);
      q.store(y + i + w);
    }
  }
  for (; i + w <= n; i += w) {
    const V p = simd::exp(of(V::load(x + i)));
    a = a + p;
    if constexpr (kStore) p.store(y + i);
  }
  float total = sum(a + b);
  if (i < n) {
    const int lanes = static_cast<int>(n - i);
    const auto tail = V::tail(lanes);
    const V p = simd::exp(of(V::load(x + i, tail)));
    float part[V::kWidth];
    p.store(part);
    for (int k = 0; k < lanes; ++k) total += part[k];
    if constexpr (kStore) p.store(y + i, tail);
  }
  return total;
}

}  // namespace vireo::ops
