#pragma once
// Vector body of layer_norm: mean, variance about it, result; three passes over a row that stays in the first cache.

#include "engine/ops/layer_norm/kernels.h"
#include "engine/ops/shared/row_sums.h"

namespace vireo::ops {

template <class V>
void layer_norm_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const LayerNormState*>(args.state);
  constexpr int w = V::kWidth;
  const float *scale = static_cast<const float*>(args.inputs[1]),
              *bias = s.has_bias ? static_cast<const float*>(args.inputs[2]) : nullptr;
  const std::int64_t first = args.tile * s.rows_per_tile,
                     end = first + s.rows_per_tile < s.outer ? first + s.rows_per_tile : s.outer;
  for (std::int64_t o = first; o < end; ++o) {
    const float* x = static_cast<const float*>(args.inputs[0]) + o * s.in_pitch;
    float* y = static_cast<float*>(args.outputs[0]) + o * s.out_pitch;
    const float count = static_cast<float>(s.extent), mean = row_sum<V>(x, s.extent) / count;
    const float factor = 1.0f / __builtin_sqrtf(row_square_sum<V>(x, s.extent, mean) / count + s.epsilon);
    const V m = V::set(mean), f = V::set(factor);
    std::int64_t i = 0;
    for (; i + w <= s.extent; i += w) {
      const V v = (V::load(x + i) - m) * f;
      (bias ? fma(v, V::load(scale + i), V::load(bias + i)) : v * V::load(scale + i)).store(y + i);
    }
    if (i < s.extent) {
      const auto tail = V::tail(static_cast<int>(s.extent - i));
      const V v = (V::load(x + i, tail) - m) * f * V::load(scale + i, tail);
      (bias ? v + V::load(bias + i, tail) : v).store(y + i, tail);
    }
  }
}

template <class V>
LayerNormKernels layer_norm_kernels_for() {
  return {&layer_norm_tile<V>};
}

}  // namespace vireo::ops
