#pragma once
// fft.h for one instruction set. Only the .<isa>.cpp files include this. Bound by the second-level cache from about 512
// points on: a stage reads and writes all points of all lanes once.

#include "engine/ops/shared/fft.h"
#include "engine/simd/inline.h"

namespace vireo::ops {

template <typename V>
struct Complex {
  V re, im;
};
template <typename V>
VIREO_INLINE Complex<V> operator+(Complex<V> a, Complex<V> b) {
  return {a.re + b.re, a.im + b.im};
}
template <typename V>
VIREO_INLINE Complex<V> operator-(Complex<V> a, Complex<V> b) {
  return {a.re - b.re, a.im - b.im};
}
template <typename V>
VIREO_INLINE Complex<V> scaled(Complex<V> a, float factor) {
  return {a.re * V::set(factor), a.im * V::set(factor)};
}
template <typename V>
VIREO_INLINE Complex<V> times(Complex<V> a, const float* w) {
  const V re = V::set(w[0]), im = V::set(w[1]);
  return {fnma(a.im, im, a.re * re), fma(a.im, re, a.re * im)};
}
/// a - i b and a + i b.
template <typename V>
VIREO_INLINE Complex<V> minus_i(Complex<V> a, Complex<V> b) {
  return {a.re + b.im, a.im - b.re};
}
template <typename V>
VIREO_INLINE Complex<V> plus_i(Complex<V> a, Complex<V> b) {
  return {a.re - b.im, a.im + b.re};
}
template <typename V>
VIREO_INLINE Complex<V> load_point(const float* p) {
  return {V::load(p), V::load(p + V::kWidth)};
}
template <typename V>
VIREO_INLINE void store_point(Complex<V> a, float* p) {
  a.re.store(p);
  a.im.store(p + V::kWidth);
}

template <typename V>
VIREO_INLINE void butterfly(const FftStage&, const Complex<V> (&a)[2], Complex<V> (&b)[2]) {
  b[0] = a[0] + a[1];
  b[1] = a[0] - a[1];
}
template <typename V>
VIREO_INLINE void butterfly(const FftStage&, const Complex<V> (&a)[3], Complex<V> (&b)[3]) {
  const Complex<V> sum = a[1] + a[2], middle = a[0] - scaled(sum, 0.5f),
                   side = scaled(a[1] - a[2], 0.86602540378443865f);
  b[0] = a[0] + sum;
  b[1] = minus_i(middle, side);
  b[2] = plus_i(middle, side);
}
template <typename V>
VIREO_INLINE void butterfly(const FftStage&, const Complex<V> (&a)[4], Complex<V> (&b)[4]) {
  const Complex<V> even = a[0] + a[2], odd = a[0] - a[2], sum = a[1] + a[3], difference = a[1] - a[3];
  b[0] = even + sum;
  b[1] = minus_i(odd, difference);
  b[2] = even - sum;
  b[3] = plus_i(odd, difference);
}
template <typename V>
VIREO_INLINE void butterfly(const FftStage&, const Complex<V> (&a)[5], Complex<V> (&b)[5]) {
  constexpr float c1 = 0.30901699437494742f, c2 = -0.80901699437494742f;  // cosines and sines of 72 and 144 degrees
  constexpr float s1 = 0.95105651629515357f, s2 = 0.58778525229247313f;
  const Complex<V> sum1 = a[1] + a[4], sum2 = a[2] + a[3], side1 = a[1] - a[4], side2 = a[2] - a[3];
  const Complex<V> m1 = a[0] + scaled(sum1, c1) + scaled(sum2, c2), m2 = a[0] + scaled(sum1, c2) + scaled(sum2, c1);
  const Complex<V> n1 = scaled(side1, s1) + scaled(side2, s2), n2 = scaled(side1, s2) - scaled(side2, s1);
  b[0] = a[0] + sum1 + sum2;
  b[1] = minus_i(m1, n1);
  b[2] = minus_i(m2, n2);
  b[3] = plus_i(m2, n2);
  b[4] = plus_i(m1, n1);
}

template <typename V, int kRadix>
VIREO_INLINE void run_stage(const FftStage& s, const float* from, float* to) {
  constexpr std::int64_t kPoint = 2 * V::kWidth;
  for (std::int64_t p = 0; p < s.rest; ++p) {
    const float* w = s.twiddles + p * (kRadix - 1) * 2;
    for (std::int64_t q = 0; q < s.step; ++q) {
      Complex<V> a[kRadix], b[kRadix];
      for (int j = 0; j < kRadix; ++j) a[j] = load_point<V>(from + (q + s.step * (p + s.rest * j)) * kPoint);
      butterfly(s, a, b);
      float* out = to + (q + s.step * kRadix * p) * kPoint;
      store_point(b[0], out);
      for (int k = 1; k < kRadix; ++k)
        store_point(p == 0 ? b[k] : times(b[k], w + (k - 1) * 2), out + k * s.step * kPoint);
    }
  }
}

/// Any radix, by its definition.
template <typename V>
VIREO_INLINE void run_plain_stage(const FftStage& s, const float* from, float* to) {
  constexpr std::int64_t kPoint = 2 * V::kWidth;
  for (std::int64_t p = 0; p < s.rest; ++p)
    for (std::int64_t q = 0; q < s.step; ++q) {
      const float* in = from + (q + s.step * p) * kPoint;
      const std::int64_t in_step = s.step * s.rest * kPoint;
      for (std::int64_t k = 0; k < s.radix; ++k) {
        Complex<V> sum = load_point<V>(in);
        std::int64_t root = 0;
        for (std::int64_t j = 1; j < s.radix; ++j) {
          root += k;
          if (root >= s.radix) root -= s.radix;
          sum = sum + times(load_point<V>(in + j * in_step), s.roots + 2 * root);
        }
        if (k > 0 && p > 0) sum = times(sum, s.twiddles + (p * (s.radix - 1) + k - 1) * 2);
        store_point(sum, to + (q + s.step * (s.radix * p + k)) * kPoint);
      }
    }
}

template <typename V>
VIREO_INLINE float* run_stages(const FftPlan& plan, float* a, float* b) {
  for (std::int64_t i = 0; i < plan.stage_count; ++i) {
    const FftStage& s = plan.stages[i];
    switch (s.radix) {
      case 2: run_stage<V, 2>(s, a, b); break;
      case 3: run_stage<V, 3>(s, a, b); break;
      case 4: run_stage<V, 4>(s, a, b); break;
      case 5: run_stage<V, 5>(s, a, b); break;
      default: run_plain_stage<V>(s, a, b);
    }
    float* const done = b;
    b = a;
    a = done;
  }
  return a;
}

template <typename V>
float* fft_run(const FftPlan& plan, float* a, float* b) {
  if (plan.chirp == nullptr) return run_stages<V>(plan, a, b);
  constexpr std::int64_t kPoint = 2 * V::kWidth;
  const Complex<V> zero{V::zero(), V::zero()};
  for (std::int64_t k = 0; k < plan.points; ++k)
    store_point(times(load_point<V>(a + k * kPoint), plan.chirp + 2 * k), a + k * kPoint);
  for (std::int64_t k = plan.points; k < plan.length; ++k) store_point(zero, a + k * kPoint);
  float* r = run_stages<V>(plan, a, b);
  // Back by way of the conjugate; the filter holds 1 / length.
  for (std::int64_t k = 0; k < plan.length; ++k) {
    const Complex<V> y = times(load_point<V>(r + k * kPoint), plan.filter + 2 * k);
    store_point(Complex<V>{y.re, V::zero() - y.im}, r + k * kPoint);
  }
  r = run_stages<V>(plan, r, r == a ? b : a);
  for (std::int64_t k = 0; k < plan.points; ++k) {
    const Complex<V> y = load_point<V>(r + k * kPoint);
    store_point(times(Complex<V>{y.re, V::zero() - y.im}, plan.chirp + 2 * k), r + k * kPoint);
  }
  return r;
}

}  // namespace vireo::ops
