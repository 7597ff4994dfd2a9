#pragma once
// Vector bodies of linear resize: a row is mixed vertically into scratch first, then horizontally, so that the vertical
// part costs once for each input pixel. Bound by memory and by the loads of the horizontal part.

#include "engine/ops/resize/kernels.h"
#include "engine/simd/math.h"

namespace vireo::ops {

/// Mixes n floats of two rows.
template <class V>
VIREO_INLINE void mix_rows(const float* low, const float* high, float weight, float* y, std::int64_t n) {
  constexpr int w = V::kWidth;
  const V f = V::set(weight);
  std::int64_t i = 0;
  for (; i + w <= n; i += w) {
    const V a = V::load(low + i);
    fma(V::load(high + i) - a, f, a).store(y + i);
  }
  if (i < n) {
    const auto tail = V::tail(static_cast<int>(n - i));
    const V a = V::load(low + i, tail);
    fma(V::load(high + i, tail) - a, f, a).store(y + i, tail);
  }
}

template <bool kPlanes, class V>
void resize_linear_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const ResizeState*>(args.state);
  const std::int64_t rows = s.outer * s.out_height;
  const std::int64_t first = args.tile * s.rows_per_tile,
                     end = first + s.rows_per_tile < rows ? first + s.rows_per_tile : rows;
  float* mixed = reinterpret_cast<float*>(args.scratch);
  for (std::int64_t row = first; row < end; ++row) {
    const std::int64_t o = row / s.out_height, oy = row % s.out_height;
    const LinearTap v = s.vertical[oy];
    const float* plane = static_cast<const float*>(args.inputs[0]) + o * s.height * s.width * s.in_pitch;
    float* y = static_cast<float*>(args.outputs[0]) + row * s.out_width * s.out_pitch;
    const float *low = plane + v.low * s.width * s.in_pitch, *high = plane + v.high * s.width * s.in_pitch;
    const float* line = low;
    std::int64_t pitch = s.in_pitch;
    if (v.weight != 0) {
      line = mixed;
      pitch = s.inner;
      if (s.in_pitch == s.inner) {
        mix_rows<V>(low, high, v.weight, mixed, s.width * s.inner);
      } else {  // the memory between the pixels belongs to others
        for (std::int64_t x = 0; x < s.width; ++x)
          mix_rows<V>(low + x * s.in_pitch, high + x * s.in_pitch, v.weight, mixed + x * s.inner, s.inner);
      }
    }
    for (std::int64_t ox = 0; ox < s.out_width; ++ox) {
      const LinearTap h = s.horizontal[ox];
      if constexpr (kPlanes) {
        const float a = line[h.low * pitch];
        y[ox * s.out_pitch] = a + (line[h.high * pitch] - a) * h.weight;
      } else {
        mix_rows<V>(line + h.low * pitch, line + h.high * pitch, h.weight, y + ox * s.out_pitch, s.inner);
      }
    }
  }
}

template <class V>
ResizeKernels resize_kernels_for() {
  return {&resize_linear_tile<false, V>, &resize_linear_tile<true, V>};
}

}  // namespace vireo::ops
