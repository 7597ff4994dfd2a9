#pragma once
// Weighted sums of pixels over any vector type: for each point, four vectors of channels at a time, then one. Bound by
// one load for each tap and vector; taps are unrolled where their number is a usual one (nearest, linear and cubic
// planes).

#include "engine/ops/grid_sample/sample.h"
#include "engine/simd/inline.h"

namespace vireo::ops {

template <class V, int kVectors, int kTaps>
VIREO_INLINE void sample_vectors(const SampleBlock& p, std::int64_t point, std::int64_t channel) {
  const int taps = kTaps ? kTaps : p.taps;
  const std::int64_t* at = p.at + point * taps;
  const float* weight = p.weight + point * taps;
  const float* x = p.x + channel;
  V sums[kVectors];
  for (int i = 0; i < kVectors; ++i) sums[i] = V::set(weight[0]) * V::load(x + at[0] + i * V::kWidth);
#pragma GCC unroll 16
  for (int k = 1; k < taps; ++k) {
    const V w = V::set(weight[k]);
    const float* from = x + at[k];
    for (int i = 0; i < kVectors; ++i) sums[i] = fma(w, V::load(from + i * V::kWidth), sums[i]);
  }
  float* to = p.to + point * p.pitch + channel;
  for (int i = 0; i < kVectors; ++i) sums[i].store(to + i * V::kWidth);
}

template <class V, int kTaps>
void sample_points(const SampleBlock& p) {
  for (std::int64_t point = 0; point < p.points; ++point) {
    std::int64_t c = 0;
    for (; c + 4 * V::kWidth <= p.columns; c += 4 * V::kWidth) sample_vectors<V, 4, kTaps>(p, point, c);
    for (; c < p.columns; c += V::kWidth) sample_vectors<V, 1, kTaps>(p, point, c);
  }
}

template <class V>
void sample(const SampleBlock& p) {
  switch (p.taps) {
    case 1: return sample_points<V, 1>(p);
    case 4: return sample_points<V, 4>(p);
    case 16: return sample_points<V, 16>(p);
    default: return sample_points<V, 0>(p);
  }
}

}  // namespace vireo::ops
