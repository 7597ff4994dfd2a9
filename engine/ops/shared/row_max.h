#pragma once
// The greatest entry of a row of floats: what softmax and attention share. For kernel bodies; include the vector type
// first.

#include <cstdint>

#include "engine/simd/math.h"

namespace vireo::ops {

template <class V>
VIREO_INLINE float row_max(const float* x, std::int64_t n) {
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

}  // namespace vireo::ops
