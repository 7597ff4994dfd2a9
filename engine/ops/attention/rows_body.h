#pragma once
// Vector bodies of rows.h, over rows that lie in the first-level cache. Bound by the exponentials; those for a few
// queries by what memory gives of keys and values.

#include "engine/ops/attention/rows.h"
#include "engine/ops/shared/row_max.h"

namespace vireo::ops {

/// f(at) for whole vectors of n floats, f(at, tail) for the rest.
template <class V, typename F, typename T>
VIREO_INLINE void attention_walk(std::int64_t n, F&& whole, T&& rest) {
  std::int64_t i = 0;
  for (; i + V::kWidth <= n; i += V::kWidth) whole(i);
  if (i < n) rest(i, V::tail(static_cast<int>(n - i)));
}

template <class V>
void attention_add_mask(float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns, float scale,
                        const float* mask, std::int64_t mask_stride) noexcept {
  const V factor = V::set(scale), hidden = V::set(-__builtin_inff());
  for (std::int64_t r = 0; r < rows; ++r, x += stride, mask += mask_stride) {
    const auto added = [&](V score, V m) { return select(equal(m, hidden), hidden, fma(score, factor, m)); };
    attention_walk<V>(
        columns, [&](std::int64_t i) { added(V::load(x + i), V::load(mask + i)).store(x + i); },
        [&](std::int64_t i, auto tail) { added(V::load(x + i, tail), V::load(mask + i, tail)).store(x + i, tail); });
  }
}

template <class V>
void attention_cap(float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns, float scale,
                   float cap) noexcept {
  const V inner = V::set(scale / cap), outer = V::set(cap);
  for (std::int64_t r = 0; r < rows; ++r, x += stride)
    attention_walk<V>(
        columns, [&](std::int64_t i) { (simd::tanh(V::load(x + i) * inner) * outer).store(x + i); },
        [&](std::int64_t i, auto tail) { (simd::tanh(V::load(x + i, tail) * inner) * outer).store(x + i, tail); });
}

/// x = e^(factor (x - top)) over whole vectors; their sum.
template <class V>
VIREO_INLINE float attention_weights(float* x, std::int64_t whole, float top, V factor) {
  constexpr int w = V::kWidth;
  const V greatest = V::set(top);
  V a = V::zero(), b = a;
  std::int64_t i = 0;
  for (; i + 2 * w <= whole; i += 2 * w) {
    const V p = simd::exp_negative((V::load(x + i) - greatest) * factor),
            q = simd::exp_negative((V::load(x + i + w) - greatest) * factor);
    a = a + p;
    b = b + q;
    p.store(x + i);
    q.store(x + i + w);
  }
  if (i < whole) {
    const V p = simd::exp_negative((V::load(x + i) - greatest) * factor);
    a = a + p;
    p.store(x + i);
  }
  return sum(a + b);
}

template <class V>
void attention_exponentials(float* x, std::int64_t stride, std::int64_t rows, std::int64_t keys, float scale,
                            float sink, float* factors) noexcept {
  constexpr int w = V::kWidth;
  const std::int64_t whole = (keys + w - 1) / w * w;
  // After the keys, so that rows are whole vectors; all of them before any is read, or loads would wait for stores.
  for (std::int64_t r = 0; r < rows; ++r) V::set(-__builtin_inff()).store(x + r * stride + keys);
  const V factor = V::set(scale);
  for (std::int64_t r = 0; r < rows; ++r, x += stride) {
    const float greatest = row_max<V>(x, whole), top = greatest * scale < sink ? sink / scale : greatest;
    if (top == -__builtin_inff()) {
      for (std::int64_t i = 0; i < keys; ++i) x[i] = 0;
      factors[r] = 0;
      continue;
    }
    const float sunk = sink == -__builtin_inff() ? 0.0f : __builtin_expf(sink - top * scale);
    factors[r] = 1.0f / (attention_weights<V>(x, whole, top, factor) + sunk);
  }
}

template <class V>
void attention_scale_rows(float* y, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                          const float* factors) noexcept {
  for (std::int64_t r = 0; r < rows; ++r, y += stride) {
    const V factor = V::set(factors[r]);
    attention_walk<V>(
        columns, [&](std::int64_t i) { (V::load(y + i) * factor).store(y + i); },
        [&](std::int64_t i, auto tail) { (V::load(y + i, tail) * factor).store(y + i, tail); });
  }
}

/// Products of one query with N keys.
template <class V, int N>
VIREO_INLINE void attention_dots_of(const float* q, const float* k, std::int64_t k_pitch, std::int64_t depth,
                                    float* scores) {
  V sums[N];
  for (int j = 0; j < N; ++j) sums[j] = V::zero();
  attention_walk<V>(
      depth,
      [&](std::int64_t i) {
        const V x = V::load(q + i);
        for (int j = 0; j < N; ++j) sums[j] = fma(x, V::load(k + j * k_pitch + i), sums[j]);
      },
      [&](std::int64_t i, auto tail) {
        const V x = V::load(q + i, tail);
        for (int j = 0; j < N; ++j) sums[j] = fma(x, V::load(k + j * k_pitch + i, tail), sums[j]);
      });
  for (int j = 0; j < N; ++j) scores[j] = sum(sums[j]);
}

template <class V>
void attention_dots(const float* q, std::int64_t q_pitch, std::int64_t rows, const float* k, std::int64_t k_pitch,
                    std::int64_t keys, std::int64_t depth, float* scores, std::int64_t pitch) noexcept {
  std::int64_t j = 0;
  for (; j + 4 <= keys; j += 4)
    for (std::int64_t r = 0; r < rows; ++r)
      attention_dots_of<V, 4>(q + r * q_pitch, k + j * k_pitch, k_pitch, depth, scores + r * pitch + j);
  for (; j < keys; ++j)
    for (std::int64_t r = 0; r < rows; ++r)
      attention_dots_of<V, 1>(q + r * q_pitch, k + j * k_pitch, k_pitch, depth, scores + r * pitch + j);
}

template <class V>
void attention_absorb(float* scores, std::int64_t keys, const float* v, std::int64_t v_pitch, std::int64_t width,
                      float* sums, AttentionSeen& seen) noexcept {
  constexpr int w = V::kWidth;
  const std::int64_t whole = (keys + w - 1) / w * w;
  for (std::int64_t i = keys; i < whole; ++i) scores[i] = -__builtin_inff();
  const float here = row_max<V>(scores, whole);
  if (here == -__builtin_inff()) return;
  const float top = here > seen.top ? here : seen.top, kept = __builtin_expf(seen.top - top);
  seen.sum = seen.sum * kept + attention_weights<V>(scores, whole, top, V::set(1));
  seen.top = top;
  const V factor = V::set(kept);
  std::int64_t c = 0;
  for (; c + 4 * w <= width; c += 4 * w) {
    V s[4];
    for (int n = 0; n < 4; ++n) s[n] = V::load(sums + c + n * w) * factor;
    for (std::int64_t j = 0; j < keys; ++j) {
      const V p = V::set(scores[j]);
      for (int n = 0; n < 4; ++n) s[n] = fma(p, V::load(v + j * v_pitch + c + n * w), s[n]);
    }
    for (int n = 0; n < 4; ++n) s[n].store(sums + c + n * w);
  }
  attention_walk<V>(
      width - c,
      [&](std::int64_t i) {
        V s = V::load(sums + c + i) * factor;
        for (std::int64_t j = 0; j < keys; ++j) s = fma(V::set(scores[j]), V::load(v + j * v_pitch + c + i), s);
        s.store(sums + c + i);
      },
      [&](std::int64_t i, auto tail) {
        V s = V::load(sums + c + i, tail) * factor;
        for (std::int64_t j = 0; j < keys; ++j) s = fma(V::set(scores[j]), V::load(v + j * v_pitch + c + i, tail), s);
        s.store(sums + c + i, tail);
      });
}

template <class V>
AttentionRows attention_rows_for() {
  return {&attention_exponentials<V>, &attention_add_mask<V>, &attention_cap<V>,
          &attention_scale_rows<V>,   &attention_dots<V>,     &attention_absorb<V>};
}

}  // namespace vireo::ops
