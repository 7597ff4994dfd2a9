#pragma once
// Vector bodies of rows.h, over rows that lie in the first-level cache. Bound by the exponentials.

#include "engine/ops/attention/rows.h"
#include "engine/ops/shared/row_softmax.h"

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
  for (std::int64_t r = 0; r < rows; ++r, x += stride) {
    if (mask) attention_mask(x, keys, V::set(scale), mask + r * mask_stride);
    const float top = softmax_top<V>(x, keys), factor = mask ? 1.0f : scale;
    if (top == -__builtin_inff()) {
      for (std::int64_t i = 0; i < keys; ++i) x[i] = 0;
      factors[r] = 0;
      continue;
    }
    const V multiply = V::set(factor), greatest = V::set(top);
    const float total = softmax_exp<true, V>(
        x, x, keys, [&](V v) __attribute__((always_inline)) { return (v - greatest) * multiply; });
    factors[r] = 1.0f / total;
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
