#pragma once
// Vector bodies of softmax: greatest entry, exponentials and their sum, scaling. Bound by the exponentials.

#include "engine/ops/shared/row_max.h"
#include "engine/ops/softmax/kernels.h"
#include "engine/simd/math.h"

namespace vireo::ops {

/// y = e^(x - top) where y is wanted; returns the sum.
template <bool kStore, class V>
VIREO_INLINE float softmax_exp(const float* x, float* y, std::int64_t n, V top) {
  constexpr int w = V::kWidth;
  V a = V::zero(), b = a;
  std::int64_t i = 0;
  for (; i + 2 * w <= n; i += 2 * w) {
    const V p = simd::exp(V::load(x + i) - top), q = simd::exp(V::load(x + i + w) - top);
    a = a + p;
    b = b + q;
    if constexpr (kStore) {
      p.store(y + i);
      q.store(y + i + w);
    }
  }
  for (; i + w <= n; i += w) {
    const V p = simd::exp(V::load(x + i) - top);
    a = a + p;
    if constexpr (kStore) p.store(y + i);
  }
  float total = sum(a + b);
  if (i < n) {
    const int lanes = static_cast<int>(n - i);
    const auto tail = V::tail(lanes);
    const V p = simd::exp(V::load(x + i, tail) - top);
    float part[V::kWidth];
    p.store(part);
    for (int k = 0; k < lanes; ++k) total += part[k];
    if constexpr (kStore) p.store(y + i, tail);
  }
  return total;
}

template <bool kLog, class V>
void softmax_rows_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const SoftmaxState*>(args.state);
  constexpr int w = V::kWidth;
  const std::int64_t first = args.tile * s.rows_per_tile,
                     end = first + s.rows_per_tile < s.outer ? first + s.rows_per_tile : s.outer;
  for (std::int64_t o = first; o < end; ++o) {
    const float* x = static_cast<const float*>(args.inputs[0]) + o * s.in_pitch;
    float* y = static_cast<float*>(args.outputs[0]) + o * s.out_pitch;
    const float top = row_max<V>(x, s.extent);
    const float total = softmax_exp<!kLog, V>(x, y, s.extent, V::set(top));
    float log_total = 0;
    if constexpr (kLog) {
      float lanes[w];
      simd::log(V::set(total)).store(lanes);
      log_total = lanes[0];
    }
    const V factor = V::set(1.0f / total), shift = V::set(top + log_total);
    const float* from = kLog ? x : y;
    std::int64_t i = 0;
    for (; i + w <= s.extent; i += w) (kLog ? V::load(from + i) - shift : V::load(from + i) * factor).store(y + i);
    if (i < s.extent) {
      const auto tail = V::tail(static_cast<int>(s.extent - i));
      const V v = V::load(from + i, tail);
      (kLog ? v - shift : v * factor).store(y + i, tail);
    }
  }
}

template <bool kLog, class V>
void softmax_columns_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const SoftmaxState*>(args.state);
  constexpr int w = V::kWidth;
  const std::int64_t o = args.tile / s.columns, c0 = args.tile % s.columns * s.width,
                     c1 = c0 + s.width < s.inner ? c0 + s.width : s.inner;
  const float* x = static_cast<const float*>(args.inputs[0]) + o * s.extent * s.inner;
  float* y = static_cast<float*>(args.outputs[0]) + o * s.extent * s.inner;
  for (std::int64_t c = c0; c < c1; c += w) {
    const int lanes = c1 - c < w ? static_cast<int>(c1 - c) : w;
    const auto tail = V::tail(lanes < w ? lanes : 0);
    const auto load = [&](const float* p) __attribute__((always_inline)) {
      return lanes == w ? V::load(p) : V::load(p, tail);
    };
    const auto store = [&](V v, float* p) __attribute__((always_inline)) {
      if (lanes == w) v.store(p);
      else v.store(p, tail);
    };
    V top = load(x + c);
    for (std::int64_t k = 1; k < s.extent; ++k) top = max(top, load(x + k * s.inner + c));
    V total = V::zero();
    for (std::int64_t k = 0; k < s.extent; ++k) {
      const V e = simd::exp(load(x + k * s.inner + c) - top);
      total = total + e;
      if constexpr (!kLog) store(e, y + k * s.inner + c);
    }
    if constexpr (kLog) {
      const V shift = top + simd::log(total);
      for (std::int64_t k = 0; k < s.extent; ++k) store(load(x + k * s.inner + c) - shift, y + k * s.inner + c);
      continue;
    }
    const V factor = V::set(1) / total;
    for (std::int64_t k = 0; k < s.extent; ++k) store(load(y + k * s.inner + c) * factor, y + k * s.inner + c);
  }
}

template <class V>
SoftmaxKernels softmax_kernels_for() {
  return {&softmax_rows_tile<false, V>, &softmax_rows_tile<true, V>, &softmax_columns_tile<false, V>,
          &softmax_columns_tile<true, V>};
}

}  // namespace vireo::ops
