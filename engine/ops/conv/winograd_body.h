#pragma once
// The transforms of Winograd F(4x4, 3x3) over any vector type, one vector of channels at a time: rows first, then columns.
// Input: 144 arithmetic operations for 36 loads and 36 stores; output: 100 for 36 loads and 16 stores.

#include "engine/ops/conv/winograd.h"
#include "engine/simd/math.h"

namespace vireo::ops {

template <class V>
VIREO_INLINE void winograd_input_line(V d0, V d1, V d2, V d3, V d4, V d5, V (&o)[6]) {
  const V two = V::set(2), four = V::set(4), five = V::set(5);
  o[0] = fma(four, d0, fnma(five, d2, d4));
  const V a = fnma(four, d2, d4), b = fnma(four, d1, d3);
  o[1] = a + b;
  o[2] = a - b;
  const V c = d4 - d2, d = d3 - d1;
  o[3] = fma(two, d, c);
  o[4] = fnma(two, d, c);
  o[5] = fma(four, d1, fnma(five, d3, d5));
}

template <class V>
VIREO_INLINE void winograd_output_line(V m0, V m1, V m2, V m3, V m4, V m5, V (&o)[4]) {
  const V s1 = m1 + m2, d1 = m1 - m2, s2 = m3 + m4, d2 = m3 - m4;
  o[0] = m0 + s1 + s2;
  o[1] = fma(V::set(2), d2, d1);
  o[2] = fma(V::set(4), s2, s1);
  o[3] = fma(V::set(8), d2, d1) + m5;
}

template <class V, bool kInside, bool kWhole>
VIREO_INLINE void winograd_input_vector(const WinogradInput& p, std::int64_t channel, typename V::Tail lanes) {
  V rows[6][6];
#pragma GCC unroll 6
  for (int i = 0; i < 6; ++i) {
    const float* row = p.x + i * p.x_row + channel;
    V d[6];
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) {
      if constexpr (kInside) {
        d[j] = V::load(row + j * p.x_pitch);
      } else {
        d[j] = V::zero();
        if (i >= p.top && i < p.bottom && j >= p.left && j < p.right) d[j] = kWhole ? V::load(row + j * p.x_pitch) : V::load(row + j * p.x_pitch, lanes);
      }
    }
    winograd_input_line(d[0], d[1], d[2], d[3], d[4], d[5], rows[i]);
  }
#pragma GCC unroll 6
  for (int j = 0; j < 6; ++j) {
    V o[6];
    winograd_input_line(rows[0][j], rows[1][j], rows[2][j], rows[3][j], rows[4][j], rows[5][j], o);
#pragma GCC unroll 6
    for (int i = 0; i < 6; ++i) {
      float* to = p.to + (i * 6 + j) * p.point_step + channel;
      if constexpr (kWhole)
        o[i].store(to);
      else
        o[i].store(to, lanes);
    }
  }
}

template <class V>
void winograd_input(const WinogradInput& p) {
  const bool inside = p.top == 0 && p.left == 0 && p.bottom == 6 && p.right == 6;
  const typename V::Tail all = V::tail(V::kWidth);
  std::int64_t c = 0;
  if (inside)
    for (; c + V::kWidth <= p.channels; c += V::kWidth) winograd_input_vector<V, true, true>(p, c, all);
  else
    for (; c + V::kWidth <= p.channels; c += V::kWidth) winograd_input_vector<V, false, true>(p, c, all);
  if (c < p.channels) winograd_input_vector<V, false, false>(p, c, V::tail(static_cast<int>(p.channels - c)));
}

template <class V, bool kWhole>
VIREO_INLINE void winograd_output_vector(const WinogradOutput& p, std::int64_t channel, typename V::Tail lanes) {
  V rows[4][6];  // [output row][point column]
#pragma GCC unroll 6
  for (int j = 0; j < 6; ++j) {
    V m[6], o[4];
#pragma GCC unroll 6
    for (int i = 0; i < 6; ++i) m[i] = V::load(p.from + (i * 6 + j) * p.point_step + channel);
    winograd_output_line(m[0], m[1], m[2], m[3], m[4], m[5], o);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) rows[i][j] = o[i];
  }
  const V bias = p.bias ? V::load(p.bias + channel) : V::zero();
  const V lo = V::set(p.lo), hi = V::set(p.hi);
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    if (i >= p.rows) break;
    V o[4];
    winograd_output_line(rows[i][0], rows[i][1], rows[i][2], rows[i][3], rows[i][4], rows[i][5], o);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      if (j >= p.columns) break;
      V y = o[j] + bias;
      if (p.residual) y = y + (kWhole ? V::load(p.residual + i * p.r_row + j * p.r_pitch + channel) : V::load(p.residual + i * p.r_row + j * p.r_pitch + channel, lanes));
      y = simd::clamp(y, lo, hi);
      float* to = p.y + i * p.y_row + j * p.y_pitch + channel;
      if constexpr (kWhole)
        y.store(to);
      else
        y.store(to, lanes);
    }
  }
}

template <class V>
void winograd_output(const WinogradOutput& p) {
  const typename V::Tail all = V::tail(V::kWidth);
  std::int64_t c = 0;
  for (; c + V::kWidth <= p.channels; c += V::kWidth) winograd_output_vector<V, true>(p, c, all);
  if (c < p.channels) winograd_output_vector<V, false>(p, c, V::tail(static_cast<int>(p.channels - c)));
}

}  // namespace vireo::ops
