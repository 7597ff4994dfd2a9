#pragma once
// Row kernels of depthwise convolution over any vector type. A strip of P output pixels of one vector of channels stays
// in registers; each input vector is loaded once for a tap row and used by up to K taps: P * K multiply-adds for (P -
// 1) S + K loads. Kernels of 3x3 taps make two rows at once, which share the loads of the rows between them. Bound by
// multiply-adds, and less by the two operations of the clamp. Measured on one
// Zen 4 core with AVX-512, cycles for a vector of pixels, data in the second-level cache: 3x3 12 (bound 11; single rows
// 17 to 18), with stride 2 17 to 21 (bound there by moving five vectors through that cache), 5x5 28 (bound 27), 7x7 55
// (bound 51).

#include "engine/ops/conv/depthwise.h"
#include "engine/simd/math.h"

namespace vireo::ops {

/// What stores a finished row, held in registers: the compiler must assume that a store changes the DepthwiseRow.
template <class V>
struct DepthwiseStore {
  V lo, hi;
  float* y;
  const float* residual;
  std::int64_t y_pitch, r_pitch;
  typename V::Tail lanes;
  bool clamps, cut;

  VIREO_INLINE DepthwiseStore(const DepthwiseRow& p, std::int64_t row)
      : lo(V::set(p.lo)),
        hi(V::set(p.hi)),
        y(p.y + row * p.y_step),
        residual(p.residual ? p.residual + row * p.r_step : nullptr),
        y_pitch(p.y_pitch),
        r_pitch(p.r_pitch),
        lanes(V::tail(p.lanes)),
        clamps(p.lo > -__builtin_inff() || p.hi < __builtin_inff()),
        cut(V::kCheapTails || p.lanes < V::kWidth) {}
  VIREO_INLINE void pixel(std::int64_t at, V sum) const {
    if (residual) sum = sum + V::load(residual + at * r_pitch, lanes);
    if (clamps) sum = simd::clamp(sum, lo, hi);
    if (cut) sum.store(y + at * y_pitch, lanes);
    else sum.store(y + at * y_pitch);
  }
};

/// kEdge: some columns of the strip may lie outside the image and count as zero, and some lanes may not hold channels.
template <class V, int K, int S, int P, bool kEdge>
VIREO_INLINE void depthwise_strip(const DepthwiseRow& p, std::int64_t first, typename V::Tail lanes) {
  constexpr int kColumns = (P - 1) * S + K;
  V acc[P];
#pragma GCC unroll 8
  for (int i = 0; i < P; ++i) acc[i] = V::load(p.bias);
  const std::int64_t column = first * S - p.pad;
  const float* row = p.x + p.first_row * p.x_step + column * p.x_pitch;
  const float* w = p.w + p.first_row * K * V::kWidth;
  for (std::int64_t ky = p.first_row; ky < p.end_row; ++ky, row += p.x_step, w += K * V::kWidth) {
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
  // The row that the next output row adds: too far away for the hardware to prefetch.
#pragma GCC unroll 16
  for (int i = 0; i < P * S; ++i) __builtin_prefetch(row + (i + K / 2) * p.x_pitch);
  const DepthwiseStore<V> store(p, 0);
#pragma GCC unroll 8
  for (int i = 0; i < P; ++i) store.pixel(first + i, acc[i]);
}

/// The same for two output rows of 3 x 3 taps. At the edges, columns outside the image are loaded with no lanes.
template <class V, int S, int P, bool kEdge>
VIREO_INLINE void depthwise_pair(const DepthwiseRow& p, std::int64_t first) {
  constexpr int K = 3, kColumns = (P - 1) * S + K;
  V acc[2][P];
#pragma GCC unroll 8
  for (int i = 0; i < P; ++i) acc[0][i] = acc[1][i] = V::load(p.bias);
  const std::int64_t column = first * S - p.pad;
  typename V::Tail inside[kEdge ? kColumns : 1];
  std::int64_t offset[kEdge ? kColumns : 1];
  if constexpr (kEdge) {
#pragma GCC unroll 32
    for (int c = 0; c < kColumns; ++c) {
      const bool in = column + c >= 0 && column + c < p.in_width;
      inside[c] = V::tail(in ? p.lanes : 0);
      offset[c] = in ? (column + c) * p.x_pitch : 0;
    }
  }
  const float* row = kEdge ? p.x : p.x + column * p.x_pitch;
#pragma GCC unroll 8
  for (int y = 0; y < S + K; ++y, row += p.x_step) {
    if (y < p.first_row || y >= p.end_row) continue;
#pragma GCC unroll 32
    for (int c = 0; c < kColumns; ++c) {
      V x;
      if constexpr (kEdge) x = V::load(row + offset[c], inside[c]);
      else x = V::load(row + c * p.x_pitch);
#pragma GCC unroll 2
      for (int r = 0; r < 2; ++r)
#pragma GCC unroll 8
        for (int k = 0; k < K; ++k)
          if (y >= r * S && y - r * S < K && c >= k && (c - k) % S == 0 && (c - k) / S < P)
            acc[r][(c - k) / S] = fma(x, V::load(p.w + ((y - r * S) * K + k) * V::kWidth), acc[r][(c - k) / S]);
    }
  }
  const DepthwiseStore<V> upper(p, 0), lower(p, 1);
#pragma GCC unroll 8
  for (int i = 0; i < P; ++i) upper.pixel(first + i, acc[0][i]);
#pragma GCC unroll 8
  for (int i = 0; i < P; ++i) lower.pixel(first + i, acc[1][i]);
}

template <class V, int K, int S, int P, int R>
void depthwise_strip_at(const DepthwiseRow& p, std::int64_t first) {
  const bool inside = first * S - p.pad >= 0 && (first + P - 1) * S - p.pad + K <= p.in_width && p.lanes == V::kWidth;
  if constexpr (R == 2) {
    static_assert(K == 3);
    if (inside) depthwise_pair<V, S, P, false>(p, first);
    else depthwise_pair<V, S, P, true>(p, first);
  } else {
    const typename V::Tail lanes = V::tail(p.lanes);
    if (inside) depthwise_strip<V, K, S, P, false>(p, first, lanes);
    else depthwise_strip<V, K, S, P, true>(p, first, lanes);
  }
}

/// R rows (one or two) as near-equal strips of at most M pixels.
template <class V, int K, int S, int M, int R = 1>
void depthwise_row(const DepthwiseRow& p) {
  // 32 bits: these divisions matter, for a row may take only a hundred cycles.
  const auto width = static_cast<std::uint32_t>(p.out_width);
  const std::uint32_t strips = (width + M - 1) / M, small = width / strips, large = width % strips;
  std::int64_t at = 0;
  for (std::uint32_t i = 0; i < strips; ++i) {
    const std::uint32_t count = small + (i < large ? 1 : 0);
    switch (count) {
      case 8:
        if constexpr (M >= 8) depthwise_strip_at<V, K, S, 8, R>(p, at);
        break;
      case 7:
        if constexpr (M >= 7) depthwise_strip_at<V, K, S, 7, R>(p, at);
        break;
      case 6:
        if constexpr (M >= 6) depthwise_strip_at<V, K, S, 6, R>(p, at);
        break;
      case 5: depthwise_strip_at<V, K, S, 5, R>(p, at); break;
      case 4: depthwise_strip_at<V, K, S, 4, R>(p, at); break;
      case 3: depthwise_strip_at<V, K, S, 3, R>(p, at); break;
      default:
        for (std::uint32_t j = 0; j < count; ++j) depthwise_strip_at<V, K, S, 1, R>(p, at + j);
    }
    at += count;
  }
}

/// Any kernel, stride and dilation: one pixel at a time.
template <class V>
void depthwise_row_any(const DepthwiseRow& p) {
  const typename V::Tail lanes = V::tail(p.lanes);
  const DepthwiseStore<V> store(p, 0);
  for (std::int64_t i = 0; i < p.out_width; ++i) {
    V acc = V::load(p.bias);
    const std::int64_t column = i * p.stride - p.pad;
    for (std::int64_t ky = p.first_row; ky < p.end_row; ++ky)
      for (std::int64_t k = 0; k < p.kernel_width; ++k) {
        const std::int64_t c = column + k * p.dilation;
        if (c < 0 || c >= p.in_width) continue;
        acc = fma(V::load(p.x + ky * p.x_step + c * p.x_pitch, lanes),
                  V::load(p.w + (ky * p.kernel_width + k) * V::kWidth), acc);
      }
    store.pixel(i, acc);
  }
}

/// Strips of at most M pixels, of two rows of at most M2.
template <class V, int M, int M2>
DepthwiseKernels pick_depthwise(std::int64_t kernel_width, std::int64_t stride, std::int64_t dilation) {
  if (dilation == 1 && stride == 1) {
    if (kernel_width == 3) return {depthwise_row<V, 3, 1, M>, depthwise_row<V, 3, 1, M2, 2>};
    if (kernel_width == 5) return {depthwise_row<V, 5, 1, M>};
    if (kernel_width == 7) return {depthwise_row<V, 7, 1, M>};
  }
  if (dilation == 1 && stride == 2) {
    if (kernel_width == 3) return {depthwise_row<V, 3, 2, M>, depthwise_row<V, 3, 2, M2, 2>};
    if (kernel_width == 5) return {depthwise_row<V, 5, 2, M>};
    if (kernel_width == 7) return {depthwise_row<V, 7, 2, M>};
  }
  return {depthwise_row_any<V>};
}

}  // namespace vireo::ops
