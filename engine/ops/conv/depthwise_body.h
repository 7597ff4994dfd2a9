#pragma once
// Row kernels of depthwise convolution over any vector type. A strip of P output pixels of one vector of channels stays
// in registers; each input vector is loaded once for a tap row and used by up to K taps: P * K multiply-adds for (P -
// 1) S + K loads. Measured on one Zen 4 core with AVX-512: 7x7 93 % of the peak of multiply-adds; 3x3 50 %, bound there
// by moving each pixel through the second-level cache (about 9 cycles for 64 bytes in and 64 out).

#include "engine/ops/conv/depthwise.h"
#include "engine/simd/math.h"

namespace vireo::ops {

template <class V>
VIREO_INLINE void depthwise_store(const DepthwiseRow& p, V sum, std::int64_t at, typename V::Tail lanes) {
  if (p.residual) sum = sum + V::load(p.residual + at * p.r_pitch, lanes);
  sum = simd::clamp(sum, V::set(p.lo), V::set(p.hi));
  if (V::kCheapTails || p.lanes < V::kWidth)
    sum.store(p.y + at * p.y_pitch, lanes);
  else
    sum.store(p.y + at * p.y_pitch);
}

/// kEdge: some columns of the strip may lie outside of the image and count as zero, and some lanes may be no channels.
template <class V, int K, int S, int P, bool kEdge>
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
      } else {
        x = V::load(at);
      }
#pragma GCC unroll 8
      for (int k = 0; k < K; ++k)
        if ((c - k) >= 0 && (c - k) % S == 0 && (c - k) / S < P) acc[(c - k) / S] = fma(x, tap[k], acc[(c - k) / S]);
    }
  }
  // The row that the next output row adds: too far apart for the hardware to foresee.
#pragma GCC unroll 16
  for (int i = 0; i < P * S; ++i) __builtin_prefetch(row + (i + K / 2) * p.x_pitch);
#pragma GCC unroll 8
  for (int i = 0; i < P; ++i) depthwise_store(p, acc[i], first + i, lanes);
}

template <class V, int K, int S, int P>
void depthwise_strip_at(const DepthwiseRow& p, std::int64_t first) {
  const typename V::Tail lanes = V::tail(p.lanes);
  const bool inside = first * S - p.pad >= 0 && (first + P - 1) * S - p.pad + K <= p.in_width;
  if (inside && p.lanes == V::kWidth)
    depthwise_strip<V, K, S, P, false>(p, first, lanes);
  else
    depthwise_strip<V, K, S, P, true>(p, first, lanes);
}

/// A row as near-equal strips of at most M pixels.
template <class V, int K, int S, int M>
void depthwise_row(const DepthwiseRow& p) {
  // 32 bits: these divisions count, a row may be a hundred cycles.
  const auto width = static_cast<std::uint32_t>(p.out_width);
  const std::uint32_t strips = (width + M - 1) / M, small = width / strips, large = width % strips;
  std::int64_t at = 0;
  for (std::uint32_t i = 0; i < strips; ++i) {
    const std::uint32_t count = small + (i < large ? 1 : 0);
    switch (count) {
      case 8:
        if constexpr (M >= 8) depthwise_strip_at<V, K, S, 8>(p, at);
        break;
      case 7:
        if constexpr (M >= 7) depthwise_strip_at<V, K, S, 7>(p, at);
        break;
      case 6: depthwise_strip_at<V, K, S, 6>(p, at); break;
      case 5: depthwise_strip_at<V, K, S, 5>(p, at); break;
      case 4: depthwise_strip_at<V, K, S, 4>(p, at); break;
      case 3: depthwise_strip_at<V, K, S, 3>(p, at); break;
      default:
        for (std::uint32_t j = 0; j < count; ++j) depthwise_strip_at<V, K, S, 1>(p, at + j);
    }
    at += count;
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
        acc = fma(V::load(p.x + ky * p.x_step + c * p.x_pitch, lanes),
                  V::load(p.w + (ky * p.kernel_width + k) * V::kWidth), acc);
      }
    depthwise_store(p, acc, i, lanes);
  }
}

template <class V, int M>
DepthwiseKernel pick_depthwise(std::int64_t kernel_width, std::int64_t stride, std::int64_t dilation) {
  if (dilation == 1 && stride == 1) {
    if (kernel_width == 3) return depthwise_row<V, 3, 1, M>;
    if (kernel_width == 5) return depthwise_row<V, 5, 1, M>;
    if (kernel_width == 7) return depthwise_row<V, 7, 1, M>;
  }
  if (dilation == 1 && stride == 2) {
    if (kernel_width == 3) return depthwise_row<V, 3, 2, M>;
    if (kernel_width == 5) return depthwise_row<V, 5, 2, M>;
    if (kernel_width == 7) return depthwise_row<V, 7, 2, M>;
  }
  return depthwise_row_any<V>;
}

}  // namespace vireo::ops
