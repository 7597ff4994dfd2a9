#pragma once
// Vector bodies of rows.h, over rows that lie in the first-level cache. Bound by the exponentials.

#include "engine/ops/attention/rows.h"
#include "engine/ops/shared/row_max.h"

namespace vireo::ops {

/// x = scale x + mask
template <class V>
VIREO_INLINE void attention_mask(float* x, std::int64_t n, V scale, const float* mask) {
  std::int64_t i = 0;
  for (; i + V::kWidth <= n; i += V::kWidth) fma(V::load(x + i), scale, V::load(mask + i)).store(x + i);
  if (i == n) return;
  const auto tail = V::tail(static_cast<int>(n - i));
  fma(V::load(x + i, tail), scale, V::load(mask + i, tail)).store(x + i, tail);
}

template <class V>
void attention_exponentials(float* x, std::int64_t stride, std::int64_t rows, std::int64_t keys, float scale,
                            const float* mask, std::int64_t mask_stride, float* factors) noexcept {
  constexpr int w = V::kWidth;
  const std::int64_t whole = (keys + w - 1) / w * w;
  // After the keys, so that rows are whole vectors; all of them before any is read, or loads would wait for stores.
  for (std::int64_t r = 0; r < rows; ++r) {
    if (mask) attention_mask(x + r * stride, keys, V::set(scale), mask + r * mask_stride);
    V::set(-__builtin_inff()).store(x + r * stride + keys);
  }
  const V factor = V::set(mask ? 1.0f : scale);
  for (std::int64_t r = 0; r < rows; ++r, x += stride) {
    const float top = row_max<V>(x, whole);
    if (top == -__builtin_inff()) {
      for (std::int64_t i = 0; i < keys; ++i) x[i] = 0;
      factors[r] = 0;
      continue;
    }
    const V greatest = V::set(top);
    V a = V::zero(), b = a;
    std::int64_t i = 0;
    for (; i + 2 * w <= whole; i += 2 * w) {
      const V p = simd::exp_negative((V::load(x + i) - greatest) * factor),
              q = simd::exp_negative((V::load(x + i + w) - greatest) * factor);
      a = a + p;
      b = b + q;
      p.store(x + i);
      q.store(x + i + w);
    }
    if (i < whole) {
      const V p = simd::exp_negative((V::load(x + i) - greatest) * factor);
      a = a + p;
      p.store(x + i);
    }
    factors[r] = 1.0f / sum(a + b);
  }
}

template <class V>
void attention_scale_rows(float* y, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                          const float* factors) noexcept {
  for (std::int64_t r = 0; r < rows; ++r, y += stride) {
    const V factor = V::set(factors[r]);
    std::int64_t i = 0;
    for (; i + V::kWidth <= columns; i += V::kWidth) (V::load(y + i) * factor).store(y + i);
    if (i == columns) continue;
    const auto tail = V::tail(static_cast<int>(columns - i));
    (V::load(y + i, tail) * factor).store(y + i, tail);
  }
}

template <class V>
AttentionRows attention_rows_for() {
  return {&attention_exponentials<V>, &attention_scale_rows<V>};
}

}  // namespace vireo::ops
