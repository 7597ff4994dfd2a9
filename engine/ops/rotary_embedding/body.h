#pragma once
// Vector body of rows.h. Bound by what memory gives of x.

#include "engine/ops/rotary_embedding/rows.h"
#include "engine/simd/math.h"

namespace vireo::ops {

template <class V>
void rotary_halves(float* y, const float* x, const float* cos, const float* sin, std::int64_t half) noexcept {
  std::int64_t i = 0;
  for (; i + V::kWidth <= half; i += V::kWidth) {
    const V a = V::load(x + i), b = V::load(x + half + i), u = V::load(cos + i), v = V::load(sin + i);
    fnma(b, v, a * u).store(y + i);
    fma(a, v, b * u).store(y + half + i);
  }
  if (i == half) return;
  const auto tail = V::tail(static_cast<int>(half - i));
  const V a = V::load(x + i, tail), b = V::load(x + half + i, tail), u = V::load(cos + i, tail),
          v = V::load(sin + i, tail);
  fnma(b, v, a * u).store(y + i, tail);
  fma(a, v, b * u).store(y + half + i, tail);
}

template <class V>
RotaryRows rotary_rows_for() {
  return {&rotary_halves<V>};
}

}  // namespace vireo::ops
