#pragma once
// Small products of a few rows with a matrix packed once into strips of 32 columns: out[r][c] = start[c] + Σ x[r][i]
// m[i][c]. What the recurrent kernels are made of. Packed: for each strip, for each i, 32 floats. For kernel bodies;
// include the vector type first.

#include <cstdint>

#include "engine/simd/math.h"

namespace vireo::ops {

inline constexpr std::int64_t kStrip = 32;

/// One strip of kRows rows. `out` rows are out_pitch apart and are added to when `kAdd`, else begin at `start`.
template <class V, int kRows, bool kAdd>
VIREO_INLINE void strip_product(const float* const* x, std::int64_t depth, const float* packed, const float* start,
                                float* out, std::int64_t out_pitch) {
  constexpr int w = V::kWidth, vectors = static_cast<int>(kStrip) / w;
  V acc[kRows][vectors];
  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < vectors; ++v) acc[r][v] = V::load((kAdd ? out + r * out_pitch : start) + v * w);
  for (std::int64_t i = 0; i < depth; ++i) {
    const float* m = packed + i * kStrip;
    for (int v = 0; v < vectors; ++v) {
      const V column = V::load(m + v * w);
      for (int r = 0; r < kRows; ++r) acc[r][v] = fma(V::set(x[r][i]), column, acc[r][v]);
    }
  }
  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < vectors; ++v) acc[r][v].store(out + r * out_pitch + v * w);
}

/// Up to any number of rows by all strips.
template <class V, bool kAdd>
VIREO_INLINE void strips_product(const float* const* x, std::int64_t rows, std::int64_t depth, const float* packed,
                                 std::int64_t strips, const float* start, float* out, std::int64_t out_pitch) {
  constexpr int block = V::kWidth == 16 ? 4 : 2;
  for (std::int64_t s = 0; s < strips; ++s) {
    const float* m = packed + s * depth * kStrip;
    const float* from = kAdd ? nullptr : start + s * kStrip;
    float* to = out + s * kStrip;
    std::int64_t r = 0;
    for (; r + block <= rows; r += block)
      strip_product<V, block, kAdd>(x + r, depth, m, from, to + r * out_pitch, out_pitch);
    for (; r < rows; ++r) strip_product<V, 1, kAdd>(x + r, depth, m, from, to + r * out_pitch, out_pitch);
  }
}

}  // namespace vireo::ops
