#pragma once
// Row kernels of depthwise convolution over any vector type. A strip of P output pixels of one vector of channels stays in
// registers; each input vector is loaded once for a tap row and used by up to K taps. Bound by multiply-adds when the rows
// are in the first-level cache: P * K of them for (P - 1) S + K loads.

#include "engine/ops/conv/depthwise.h"
#include "engine/simd/math.h"

namespace vireo::ops {

template <class V>
VIREO_INLINE void depthwise_store(const DepthwiseRow& p, V sum, std::int64_t at, typename V::Tail lanes) {
  if (p.residual) sum = sum + V::load(p.residual + at * p.r_pitch, lanes);
  simd::clamp(sum, V::set(p.lo), V::set(p.hi)).store(p.y + at * p.y_pitch, lanes);
}

/// kEdge: some columns of the strip lie outside of the image and count as zero. kFull: all lanes are channels.
template <class V, int K, int S, int P, bool kEdge, bool kFull>
VIREO_INLINE void depthwise_strip(const DepthwiseRow& p, std::int64_t first, typename V::Tail lanes) {
  constexpr int kColumns = (P - 1) * S + K;
  V acc[P];
#pragma GCC unroll 8
  for (int i = 0; i < P; ++i) acc[i] = V::load(p.bias);
  const std::int64_t column = first * S - p.pad;
  const float* row = p.x + column * p.x_pitch;
  const float* w = p.w;
  for (std::int64_t ky = 0; ky < p.kernel_rows; ++ky, row += p.x_step, w += K * V::kWidth) {
    V tap[K];
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) tap[k] = V::load(w + k * V::kWidth);
#pragma GCC unroll 32
    for (int c = 0; c < kColumns; ++c) {
      const float* at = row + c * p.x_pitch;
      V x;
      if constexpr (kEdge) {
        x = V::zero();
        if (column + c >= 0 && column + c < p.in_width) x = V::load(at, lanes);
      } else if constexpr (kFull) {
        x = V::load(at);
      } else {
        x = V::load(at, lanes);
      }
#pragma GCC unroll 8
      for (int k = 0; k < K; ++k)
        if ((c - k) >= 0 && (c - k) % S == 0 && (c - k) / S < P) acc[(c - k) / S] = fma(x, tap[k], acc[(c - k) / S]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < P; ++i) depthwise_store(p, acc[i], first + i, lanes);
}

template <class V, int K, int S, int P>
VIREO_INLINE void depthwise_interior(const DepthwiseRow& p, std::int64_t first, typename V::Tail lanes) {
  if (p.lanes == V::kWidth)
    depthwise_strip<V, K, S, P, false, true>(p, first, lanes);
  else
    depthwise_strip<V, K, S, P, false, false>(p, first, lanes);
}

/// P is the strip length away from the edges, E at the edges and for what is left over.
template <class V, int K, int S, int P, int E>
void depthwise_row(const DepthwiseRow& p) {
  const typename V::Tail lanes = V::tail(p.lanes);
  std::int64_t i = 0;
  const auto inside = [&](std::int64_t first, std::int64_t count) {
    return first * S - p.pad >= 0 && (first + count - 1) * S - p.pad + K <= p.in_width;
  };
  while (i < p.out_width) {
    const std::int64_t left = p.out_width - i;
    if (left >= P && inside(i, P)) {
      depthwise_interior<V, K, S, P>(p, i, lanes);
      i += P;
    } else if (left >= E && inside(i, E)) {
      depthwise_interior<V, K, S, E>(p, i, lanes);
      i += E;
    } else if (left >= E) {
      depthwise_strip<V, K, S, E, true, false>(p, i, lanes);
      i += E;
    } else {
      depthwise_strip<V, K, S, 1, true, false>(p, i, lanes);
      ++i;
    }
  }
}

/// Any kernel, stride and dilation: one pixel at a time.
template <class V>
void depthwise_row_any(const DepthwiseRow& p) {
  const typename V::Tail lanes = V::tail(p.lanes);
  for (std::int64_t i = 0; i < p.out_width; ++i) {
    V acc = V::load(p.bias);
    const std::int64_t column = i * p.stride - p.pad;
    for (std::int64_t ky = 0; ky < p.kernel_rows; ++ky)
      for (std::int64_t k = 0; k < p.kernel_width; ++k) {
        const std::int64_t c = column + k * p.dilation;
        if (c < 0 || c >= p.in_width) continue;
        acc = fma(V::load(p.x + ky * p.x_step + c * p.x_pitch, lanes), V::load(p.w + (ky * p.kernel_width + k) * V::kWidth), acc);
      }
    depthwise_store(p, acc, i, lanes);
  }
}

template <class V, int P, int E>
DepthwiseKernel pick_depthwise(std::int64_t kernel_width, std::int64_t stride, std::int64_t dilation) {
  if (dilation == 1 && stride == 1) {
    if (kernel_width == 3) return depthwise_row<V, 3, 1, P, E>;
    if (kernel_width == 5) return depthwise_row<V, 5, 1, P, E>;
    if (kernel_width == 7) return depthwise_row<V, 7, 1, P, E>;
  }
  if (dilation == 1 && stride == 2) {
    if (kernel_width == 3) return depthwise_row<V, 3, 2, P, E>;
    if (kernel_width == 5) return depthwise_row<V, 5, 2, P, E>;
    if (kernel_width == 7) return depthwise_row<V, 7, 2, P, E>;
  }
  return depthwise_row_any<V>;
}

}  // namespace vireo::ops
