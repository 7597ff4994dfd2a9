#pragma once
// Vector body of rms_norm: squares, result; two passes over a row that stays in the first cache.

#include "engine/ops/rms_norm/kernels.h"
#include "engine/ops/shared/row_sums.h"

namespace vireo::ops {

template <class V>
void rms_norm_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const RmsNormState*>(args.state);
  constexpr int w = V::kWidth;
  const float* scale = static_cast<const float*>(args.inputs[1]);
  const std::int64_t first = args.tile * s.rows_per_tile,
                     end = first + s.rows_per_tile < s.outer ? first + s.rows_per_tile : s.outer;
  for (std::int64_t o = first; o < end; ++o) {
    const float* x = static_cast<const float*>(args.inputs[0]) + o * s.in_pitch;
    float* y = static_cast<float*>(args.outputs[0]) + o * s.out_pitch;
    const float mean = row_square_sum<V>(x, s.extent, 0) / static_cast<float>(s.extent);
    const V f = V::set(1.0f / __builtin_sqrtf(mean + s.epsilon));
    std::int64_t i = 0;
    for (; i + w <= s.extent; i += w) (V::load(x + i) * f * V::load(scale + i)).store(y + i);
    if (i < s.extent) {
      const auto tail = V::tail(static_cast<int>(s.extent - i));
      (V::load(x + i, tail) * f * V::load(scale + i, tail)).store(y + i, tail);
    }
  }
}

template <class V>
RmsNormKernels rms_norm_kernels_for() {
  return {&rms_norm_tile<V>};
}

}  // namespace vireo::ops
