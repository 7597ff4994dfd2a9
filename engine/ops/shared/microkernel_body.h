#pragma once
// The body of the microkernels (contract: microkernel.h), over any vector type of engine/simd.
// Bound by multiply-adds: M * N of them for M broadcasts and N loads. Measured from the first-level cache, one Zen 4
// core: AVX-512 113 to 117 of 117 GFLOP/s from four rows on, AVX2 up to 107 of 117. Rows are addressed as three to a
// base register (base, base + s, base + 2s), so that up to 16 rows need six general registers; depth is unrolled by
// four, so that advancing the bases costs little.

#include "engine/ops/shared/activation_simd.h"
#include "engine/ops/shared/microkernel.h"

namespace vireo::ops {

/// The half vector at the end of a panel whose last vector is at most half full; nothing where V has no such half.
template <class V, bool kHalf>
struct LowerOf {
  using type = V;
};
template <class V>
struct LowerOf<V, true> {
  using type = typename V::Lower;
};

/// c + the value at x in every lane * b; vectors that have a better way overload it.
template <class V>
VIREO_INLINE V fma_at(const float* x, V b, V c) {
  return fma(V::set(*x), b, c);
}

/// One depth step: N - kHalf whole vectors and, with kHalf, one lower half.
template <class V, int M, int N, bool kHalf, class L, int W>
VIREO_INLINE void microkernel_step(V (&acc)[M][W], L (&half)[M], const float* const* rows, std::int64_t stride,
                                   const float* b, int k) {
  constexpr int kWhole = N - (kHalf ? 1 : 0);
  V w[W];
#pragma GCC unroll 8
  for (int j = 0; j < kWhole; ++j) w[j] = V::load(b + (k * N + j) * V::kWidth);
  L last;
  if constexpr (kHalf) last = L::load(b + (k * N + kWhole) * V::kWidth);
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) {
    const float* at = rows[i / 3] + (i % 3) * stride + k;
    if constexpr (N == 1 && !kHalf) {
      acc[i][0] = fma_at(at, w[0], acc[i][0]);
    } else if constexpr (kWhole > 0) {
      const V x = V::set(*at);
#pragma GCC unroll 8
      for (int j = 0; j < kWhole; ++j) acc[i][j] = fma(x, w[j], acc[i][j]);
      if constexpr (kHalf) half[i] = fma(lower(x), last, half[i]);
    } else {
      half[i] = fma_at(at, last, half[i]);
    }
  }
  // Keeps the compiler from starting the next step's loads early, which would push sums out of their registers.
  asm volatile("" ::: "memory");
}

/// Writes one vector of sums of row i; `cut`: only the lanes of the tail exist.
template <class V>
VIREO_INLINE void microkernel_finish(const MicrokernelArgs& p, V sum, V bias, V lo, V hi, int i, int at, bool cut,
                                     typename V::Tail tail) {
  float* c = p.c + i * p.c_stride + at;
  V y = sum + bias;
  if (p.accumulate) y = y + (cut ? V::load(c, tail) : V::load(c));
  if (p.residual) {
    const float* r = p.residual + i * p.residual_stride + at;
    y = y + (cut ? V::load(r, tail) : V::load(r));
  }
  y = simd::clamp(y, lo, hi);
  if (cut) y.store(c, tail);
  else y.store(c);
}

template <class V, int M, int N, bool kHalf>
void microkernel(const MicrokernelArgs& p) {
  using L = typename LowerOf<V, kHalf>::type;
  constexpr int kBases = (M + 2) / 3, kWhole = N - (kHalf ? 1 : 0), kStored = kWhole > 0 ? kWhole : 1;
  constexpr int kUnroll = simd::kInstrumented ? 1 : 4;
  V acc[M][kStored];
  L half[M];
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < kStored; ++j) acc[i][j] = V::zero();
    half[i] = L::zero();
  }

  const std::int64_t stride = p.a_stride;
  const float* b = p.b;
  const float* next = p.next ? p.next : b;  // fetching an address that isn't mapped costs a walk of the page table
  for (std::int64_t t = 0; t < p.tap_count; ++t) {
    const float* rows[kBases];
#pragma GCC unroll 8
    for (int g = 0; g < kBases; ++g) rows[g] = p.a + p.taps[t] + 3 * g * stride;
    std::int64_t k = p.depth;
    for (; k >= kUnroll; k -= kUnroll) {
#pragma GCC unroll 4
      for (int u = 0; u < kUnroll; ++u) microkernel_step<V, M, N, kHalf>(acc, half, rows, stride, b, u);
      __builtin_prefetch(next, 0, 2);
      __builtin_prefetch(next + 16, 0, 2);
      next += p.next_step;
#pragma GCC unroll 8
      for (int g = 0; g < kBases; ++g) rows[g] += kUnroll;
      b += kUnroll * N * V::kWidth;
    }
    for (; k > 0; --k) {
      microkernel_step<V, M, N, kHalf>(acc, half, rows, stride, b, 0);
#pragma GCC unroll 8
      for (int g = 0; g < kBases; ++g) rows[g] += 1;
      b += N * V::kWidth;
    }
  }

  const V lo = V::set(p.lo), hi = V::set(p.hi);
  const typename V::Tail tail = V::tail(kHalf ? V::kWidth : p.tail);
#pragma GCC unroll 8
  for (int j = 0; j < kWhole; ++j) {
    const bool cut = !kHalf && j == N - 1 && p.tail < V::kWidth;
    const V bias = p.bias ? V::load(p.bias + j * V::kWidth) : V::zero();
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i) microkernel_finish<V>(p, acc[i][j], bias, lo, hi, i, j * V::kWidth, cut, tail);
  }
  if constexpr (kHalf) {
    const L low = L::set(p.lo), high = L::set(p.hi), bias = p.bias ? L::load(p.bias + kWhole * V::kWidth) : L::zero();
    const typename L::Tail end = L::tail(p.tail);
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i)
      microkernel_finish<L>(p, half[i], bias, low, high, i, kWhole * V::kWidth, p.tail < L::kWidth, end);
  }
}

template <class V>
void finish_block(float* y, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                  const ActivationSpec& activation, const float* residual, std::int64_t residual_stride) {
  if (stride == columns && (!residual || residual_stride == columns) && rows * columns % V::kWidth == 0) {
    rows = rows * columns / V::kWidth;  // without gaps: as one column of vectors
    columns = stride = residual_stride = V::kWidth;
  }
  const V alpha = V::set(activation.alpha), beta = V::set(activation.beta);
  const typename V::Tail tail = V::tail(static_cast<int>(columns % V::kWidth));
  visit_activation(activation.kind, [&]<Activation kKind>() {
    // Down the rows: they are more than the vectors of a panel.
    std::int64_t j = 0;
    for (; j + V::kWidth <= columns; j += V::kWidth) {
      float* at = y + j;
      const float* r = residual ? residual + j : nullptr;
      for (std::int64_t i = 0; i < rows; ++i, at += stride) {
        V x = activate<kKind>(V::load(at), alpha, beta);
        if (r) {
          x = x + V::load(r);
          r += residual_stride;
        }
        x.store(at);
      }
    }
    if (j == columns) return;
    for (std::int64_t i = 0; i < rows; ++i) {
      float* at = y + i * stride + j;
      V x = activate<kKind>(V::load(at, tail), alpha, beta);
      if (residual) x = x + V::load(residual + i * residual_stride + j, tail);
      x.store(at, tail);
    }
  });
}

template <class V, int N, int M, bool kHalf>
void fill_rows(Microkernel* row) {
  row[M] = microkernel<V, M, N, kHalf>;
  if constexpr (M > 1) fill_rows<V, N, M - 1, kHalf>(row);
}

/// The kernels of panels of N vectors, up to M rows; kHalf: also those whose last vector is half full.
template <class V, int N, int M, bool kHalf = false>
void fill_panel(KernelSet& set) {
  set.max_rows[N] = M;
  fill_rows<V, N, M, false>(set.micro[N]);
  if constexpr (kHalf) {
    set.has_half = true;
    fill_rows<V, N, M, true>(set.half[N]);
  }
}

}  // namespace vireo::ops
