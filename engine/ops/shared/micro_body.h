#pragma once
// The body of the micro-kernels (contract: micro.h), over any vector type of engine/simd.
// Bound by multiply-adds: M * N of them for M broadcasts and N loads. Rows are addressed as three to a base register
// (base, base + s, base + 2s), so that up to 16 rows need six general registers; depth is unrolled by four, so that
// advancing the bases costs little.

#include "engine/ops/shared/activation_simd.h"
#include "engine/ops/shared/micro.h"

namespace vireo::ops {

template <class V, int M, int N>
VIREO_INLINE void micro_step(V (&acc)[M][N], const float* const* rows, std::int64_t stride, const float* b, int k) {
  V w[N];
#pragma GCC unroll 8
  for (int j = 0; j < N; ++j) w[j] = V::load(b + (k * N + j) * V::kWidth);
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) {
    const V x = V::set(rows[i / 3][(i % 3) * stride + k]);
#pragma GCC unroll 8
    for (int j = 0; j < N; ++j) acc[i][j] = fma(x, w[j], acc[i][j]);
  }
  // Keeps the compiler from starting the next step's loads early, which would push sums out of their registers.
  asm volatile("" ::: "memory");
}

template <class V, int M, int N>
void micro_kernel(const MicroArgs& p) {
  constexpr int kBases = (M + 2) / 3;
  const typename V::Tail tail = V::tail(p.tail);
  V acc[M][N];
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < N; ++j) acc[i][j] = V::zero();

  const std::int64_t stride = p.a_stride;
  const float* b = p.b;
  for (std::int64_t t = 0; t < p.tap_count; ++t) {
    const float* rows[kBases];
#pragma GCC unroll 8
    for (int g = 0; g < kBases; ++g) rows[g] = p.a + p.taps[t] + 3 * g * stride;
    std::int64_t k = p.depth;
    for (; k >= 4; k -= 4) {
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) micro_step<V, M, N>(acc, rows, stride, b, u);
#pragma GCC unroll 8
      for (int g = 0; g < kBases; ++g) rows[g] += 4;
      b += 4 * N * V::kWidth;
    }
    for (; k > 0; --k) {
      micro_step<V, M, N>(acc, rows, stride, b, 0);
#pragma GCC unroll 8
      for (int g = 0; g < kBases; ++g) rows[g] += 1;
      b += N * V::kWidth;
    }
  }

  const V lo = V::set(p.lo), hi = V::set(p.hi);
  const bool cut = V::kCheapTails || p.tail < V::kWidth;
#pragma GCC unroll 8
  for (int j = 0; j < N; ++j) {
    const bool last = j == N - 1 && cut;
    const int at = j * V::kWidth;
    const V bias = p.bias ? V::load(p.bias + at) : V::zero();
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i) {
      float* c = p.c + i * p.c_stride + at;
      V y = acc[i][j] + bias;
      if (p.accumulate) y = y + (last ? V::load(c, tail) : V::load(c));
      if (p.residual) {
        const float* r = p.residual + i * p.residual_stride + at;
        y = y + (last ? V::load(r, tail) : V::load(r));
      }
      y = simd::clamp(y, lo, hi);
      if (last)
        y.store(c, tail);
      else
        y.store(c);
    }
  }
}

template <class V>
void finish_block(float* y, std::int64_t stride, std::int64_t rows, std::int64_t columns, const ActivationSpec& activation,
                  const float* residual, std::int64_t residual_stride) {
  const V alpha = V::set(activation.alpha), beta = V::set(activation.beta);
  const typename V::Tail tail = V::tail(static_cast<int>(columns % V::kWidth));
  visit_activation(activation.kind, [&]<Activation kKind>() {
    for (std::int64_t i = 0; i < rows; ++i) {
      float* row = y + i * stride;
      const float* r = residual ? residual + i * residual_stride : nullptr;
      std::int64_t j = 0;
      for (; j + V::kWidth <= columns; j += V::kWidth) {
        V x = activate<kKind>(V::load(row + j), alpha, beta);
        if (r) x = x + V::load(r + j);
        x.store(row + j);
      }
      if (j < columns) {
        V x = activate<kKind>(V::load(row + j, tail), alpha, beta);
        if (r) x = x + V::load(r + j, tail);
        x.store(row + j, tail);
      }
    }
  });
}

template <class V, int N, int M>
void fill_rows(KernelSet& set) {
  set.micro[N][M] = micro_kernel<V, M, N>;
  if constexpr (M > 1) fill_rows<V, N, M - 1>(set);
}

template <class V, int N, int M>
void fill_panel(KernelSet& set) {
  set.max_rows[N] = M;
  fill_rows<V, N, M>(set);
}

}  // namespace vireo::ops
