#pragma once
// blend.h for one instruction set. Only the .<isa>.cpp files include this.

#include "engine/ops/shared/blend.h"
#include "engine/simd/inline.h"

namespace vireo::ops {

template <typename V>
void blend(float* to, const float* const* from, const float* weights, std::int64_t count, bool add) {
  const V w0 = V::set(weights[0]), w1 = V::set(weights[1]), w2 = V::set(weights[2]), w3 = V::set(weights[3]);
  std::int64_t i = 0;
  for (; i + V::kWidth <= count; i += V::kWidth) {
    const V start = add ? V::load(to + i) : V::zero();
    const V upper = fma(V::load(from[1] + i), w1, fma(V::load(from[0] + i), w0, start));
    fma(V::load(from[3] + i), w3, fma(V::load(from[2] + i), w2, upper)).store(to + i);
  }
  if (i == count) return;
  const auto tail = V::tail(static_cast<int>(count - i));
  const V start = add ? V::load(to + i, tail) : V::zero();
  const V upper = fma(V::load(from[1] + i, tail), w1, fma(V::load(from[0] + i, tail), w0, start));
  fma(V::load(from[3] + i, tail), w3, fma(V::load(from[2] + i, tail), w2, upper)).store(to + i, tail);
}

}  // namespace vireo::ops
