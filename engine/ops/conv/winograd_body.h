#pragma once
// The transforms of Winograd F(m x m, 3x3) over any vector type, one vector of channels at a time: rows first, then
// columns. Arithmetic operations, input and output: m = 2 32 and 24, m = 4 144 and 100, m = 6 448 and 280; to these
// come (m + 2)^2 loads and as many stores (input), or m^2 stores (output).

#include "engine/ops/conv/winograd.h"
#include "engine/simd/math.h"

namespace vireo::ops {

template <class V>
VIREO_INLINE void winograd_input_line(const V (&d)[4], V (&o)[4]) {
  o[0] = d[0] - d[2];
  o[1] = d[1] + d[2];
  o[2] = d[2] - d[1];
  o[3] = d[3] - d[1];
}
template <class V>
VIREO_INLINE void winograd_output_line(const V (&m)[4], V (&o)[2]) {
  o[0] = m[0] + m[1] + m[2];
  o[1] = m[1] - m[2] + m[3];
}

template <class V>
VIREO_INLINE void winograd_input_line(const V (&d)[6], V (&o)[6]) {
  const V two = V::set(2), four = V::set(4), five = V::set(5);
  o[0] = fma(four, d[0], fnma(five, d[2], d[4]));
  const V a = fnma(four, d[2], d[4]), b = fnma(four, d[1], d[3]);
  o[1] = a + b;
  o[2] = a - b;
  const V c = d[4] - d[2], e = d[3] - d[1];
  o[3] = fma(two, e, c);
  o[4] = fnma(two, e, c);
  o[5] = fma(four, d[1], fnma(five, d[3], d[5]));
}
template <class V>
VIREO_INLINE void winograd_output_line(const V (&m)[6], V (&o)[4]) {
  const V s1 = m[1] + m[2], d1 = m[1] - m[2], s2 = m[3] + m[4], d2 = m[3] - m[4];
  o[0] = m[0] + s1 + s2;
  o[1] = fma(V::set(2), d2, d1);
  o[2] = fma(V::set(4), s2, s1);
  o[3] = fma(V::set(8), d2, d1) + m[5];
}

template <class V>
VIREO_INLINE void winograd_input_line(const V (&d)[8], V (&o)[8]) {
  const V half = V::set(0.5f), two = V::set(2), five_halves = V::set(2.5f);
  o[0] = fma(V::set(5.25f), d[4] - d[2], d[0] - d[6]);
  o[7] = fma(V::set(5.25f), d[3] - d[5], d[7] - d[1]);
  const V a = fnma(V::set(4.25f), d[4], d[2] + d[6]), b = fnma(V::set(4.25f), d[3], d[1] + d[5]);
  o[1] = a + b;
  o[2] = a - b;
  const V c = fma(V::set(0.25f), d[2], fnma(V::set(1.25f), d[4], d[6]));
  const V e = fma(half, d[1], fnma(five_halves, d[3], two * d[5]));
  o[3] = c + e;
  o[4] = c - e;
  const V f = fma(V::set(4), d[2], fnma(V::set(5), d[4], d[6]));
  const V g = fma(two, d[1], fnma(five_halves, d[3], half * d[5]));
  o[5] = f + g;
  o[6] = f - g;
}
template <class V>
VIREO_INLINE void winograd_output_line(const V (&m)[8], V (&o)[6]) {
  const V s1 = m[1] + m[2], d1 = m[1] - m[2], s2 = m[3] + m[4], d2 = m[3] - m[4], s3 = m[5] + m[6], d3 = m[5] - m[6];
  o[0] = (m[0] + s1) + (s2 + s3);
  o[1] = fma(V::set(0.5f), d3, fma(V::set(2), d2, d1));
  o[2] = fma(V::set(0.25f), s3, fma(V::set(4), s2, s1));
  o[3] = fma(V::set(0.125f), d3, fma(V::set(8), d2, d1));
  o[4] = fma(V::set(0.0625f), s3, fma(V::set(16), s2, s1));
  o[5] = fma(V::set(0.03125f), d3, fma(V::set(32), d2, d1)) + m[7];
}

// The arguments are copied to locals first: stores of vectors may alias anything, and would make the compiler read them
// again.

template <class V, int kOut, bool kInside, bool kWhole>
VIREO_INLINE void winograd_input_vector(const WinogradInput& p, std::int64_t channel, typename V::Tail lanes) {
  constexpr int kIn = kOut + 2;
  const std::int64_t pitch = p.x_pitch, x_row = p.x_row, step = p.point_step;
  V rows[kIn][kIn];
  const float* row = p.x + channel;
#pragma GCC unroll 8
  for (int i = 0; i < kIn; ++i, row += x_row) {
    V d[kIn];
    const float* from = row;
#pragma GCC unroll 8
    for (int j = 0; j < kIn; ++j, from += pitch) {
      if constexpr (kInside) {
        d[j] = V::load(from);
      } else {
        d[j] = V::zero();
        if (i >= p.top && i < p.bottom && j >= p.left && j < p.right)
          d[j] = kWhole ? V::load(from) : V::load(from, lanes);
      }
    }
    winograd_input_line(d, rows[i]);
  }
  float* column = p.to + channel;
#pragma GCC unroll 8
  for (int j = 0; j < kIn; ++j, column += step) {
    V d[kIn], o[kIn];
#pragma GCC unroll 8
    for (int i = 0; i < kIn; ++i) d[i] = rows[i][j];
    winograd_input_line(d, o);
    float* to = column;
#pragma GCC unroll 8
    for (int i = 0; i < kIn; ++i, to += kIn * step) {
      if constexpr (kWhole) o[i].store(to);
      else o[i].store(to, lanes);
    }
  }
}

template <class V, int kOut>
void winograd_input(const WinogradInput& p) {
  const bool inside = p.top == 0 && p.left == 0 && p.bottom == kOut + 2 && p.right == kOut + 2;
  const typename V::Tail all = V::tail(V::kWidth);
  std::int64_t c = 0;
  if (inside)
    for (; c + V::kWidth <= p.channels; c += V::kWidth) winograd_input_vector<V, kOut, true, true>(p, c, all);
  else
    for (; c + V::kWidth <= p.channels; c += V::kWidth) winograd_input_vector<V, kOut, false, true>(p, c, all);
  if (c < p.channels) winograd_input_vector<V, kOut, false, false>(p, c, V::tail(static_cast<int>(p.channels - c)));
}

/// kFull: the block isn't clipped.
template <class V, int kOut, bool kFull, bool kWhole>
VIREO_INLINE void winograd_output_vector(const WinogradOutput& p, std::int64_t channel, typename V::Tail lanes) {
  constexpr int kIn = kOut + 2;
  const std::int64_t step = p.point_step, pitch = p.y_pitch, r_pitch = p.r_pitch;
  const int row_count = p.rows, column_count = p.columns;
  V rows[kOut][kIn];  // [output row][point column]
  const float* column = p.from + channel;
#pragma GCC unroll 8
  for (int j = 0; j < kIn; ++j, column += step) {
    V m[kIn], o[kOut];
    const float* from = column;
#pragma GCC unroll 8
    for (int i = 0; i < kIn; ++i, from += kIn * step) m[i] = V::load(from);
    winograd_output_line(m, o);
#pragma GCC unroll 8
    for (int i = 0; i < kOut; ++i) rows[i][j] = o[i];
  }
  const V bias = p.bias ? V::load(p.bias + channel) : V::zero();
  const V lo = V::set(p.lo), hi = V::set(p.hi);
  float* y_row = p.y + channel;
  const float* r_row = p.residual ? p.residual + channel : nullptr;
#pragma GCC unroll 8
  for (int i = 0; i < kOut; ++i, y_row += p.y_row) {
    if (!kFull && i >= row_count) break;
    V o[kOut];
    winograd_output_line(rows[i], o);
#pragma GCC unroll 8
    for (int j = 0; j < kOut; ++j) o[j] = o[j] + bias;
    if (r_row) {
      const float* from = r_row;
#pragma GCC unroll 8
      for (int j = 0; j < kOut; ++j, from += r_pitch) {
        if (!kFull && j >= column_count) break;
        o[j] = o[j] + (kWhole ? V::load(from) : V::load(from, lanes));
      }
      r_row += p.r_row;
    }
    float* to = y_row;
#pragma GCC unroll 8
    for (int j = 0; j < kOut; ++j, to += pitch) {
      if (!kFull && j >= column_count) break;
      const V y = simd::clamp(o[j], lo, hi);
      if constexpr (kWhole) y.store(to);
      else y.store(to, lanes);
    }
  }
}

template <class V, int kOut>
void winograd_output(const WinogradOutput& p) {
  const typename V::Tail all = V::tail(V::kWidth);
  std::int64_t c = 0;
  if (p.rows == kOut && p.columns == kOut)
    for (; c + V::kWidth <= p.channels; c += V::kWidth) winograd_output_vector<V, kOut, true, true>(p, c, all);
  else
    for (; c + V::kWidth <= p.channels; c += V::kWidth) winograd_output_vector<V, kOut, false, true>(p, c, all);
  if (c < p.channels) winograd_output_vector<V, kOut, false, false>(p, c, V::tail(static_cast<int>(p.channels - c)));
}

template <class V>
WinogradKernels winograd_kernels(int out) {
  switch (out) {
    case 2: return {2, winograd_input<V, 2>, winograd_output<V, 2>};
    case 6: return {6, winograd_input<V, 6>, winograd_output<V, 6>};
    default: return {4, winograd_input<V, 4>, winograd_output<V, 4>};
  }
}

}  // namespace vireo::ops
