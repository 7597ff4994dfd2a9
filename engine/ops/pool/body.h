#pragma once
// Vector bodies of NHWC pooling: channels are the vector. Loads of the window bound it; windows of stride 1 are taken
// apart into columns (kept in scratch) and rows, which turns 25 loads of a 5 × 5 window into 10.

#include <type_traits>

#include "engine/ops/pool/kernels.h"
#include "engine/simd/math.h"

namespace vireo::ops {

struct PoolRow {
  const float* plane;  ///< of the sample
  float* out;          ///< output row
  std::int64_t y0, kh_first, kh_last;  ///< input row of window row 0 (may be outside), window rows inside the plane
};

VIREO_INLINE PoolRow pool_row(const PoolState& s, const float* x, float* y, std::int64_t row) {
  const std::int64_t n = row / s.out_height, oy = row % s.out_height;
  PoolRow r;
  r.plane = x + n * s.height * s.width * s.in_pitch;
  r.out = y + row * s.out_width * s.out_pitch;
  r.y0 = oy * s.stride_h - s.top;
  r.kh_first = r.y0 >= 0 ? 0 : (-r.y0 + s.dilation_h - 1) / s.dilation_h;
  r.kh_last = (s.height - r.y0 + s.dilation_h - 1) / s.dilation_h;
  if (r.kh_last > s.kernel_h) r.kh_last = s.kernel_h;
  return r;
}

/// Calls f(c, vectors, lanes) for the channels: four vectors at a time, then single ones, then the tail of `lanes`.
template <class V, typename F>
VIREO_INLINE void for_channels(std::int64_t channels, F&& f) {
  constexpr int w = V::kWidth;
  std::int64_t c = 0;
  for (; c + 4 * w <= channels; c += 4 * w) f(c, std::integral_constant<int, 4>{}, w);
  for (; c + w <= channels; c += w) f(c, std::integral_constant<int, 1>{}, w);
  if (c < channels) f(c, std::integral_constant<int, 0>{}, static_cast<int>(channels - c));
}

/// kVectors full vectors, or (0) one of `lanes`.
template <class V, int kVectors>
struct Lanes {
  static constexpr int kCount = kVectors == 0 ? 1 : kVectors;
  V v[kCount];
  VIREO_INLINE void fill(V x) {
    for (int k = 0; k < kCount; ++k) v[k] = x;
  }
  template <bool kMax>
  VIREO_INLINE void take(const float* p, int lanes) {
    for (int k = 0; k < kCount; ++k) {
      const V x = kVectors == 0 ? V::load(p, V::tail(lanes)) : V::load(p + k * V::kWidth);
      v[k] = kMax ? max(v[k], x) : v[k] + x;
    }
  }
  VIREO_INLINE void scale(V factor) {
    for (int k = 0; k < kCount; ++k) v[k] = v[k] * factor;
  }
  VIREO_INLINE void store(float* p, int lanes) const {
    for (int k = 0; k < kCount; ++k) {
      if constexpr (kVectors == 0) v[k].store(p, V::tail(lanes));
      else v[k].store(p + k * V::kWidth);
    }
  }
};

template <bool kMax, class V>
void pool_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const PoolState*>(args.state);
  const std::int64_t first = args.tile * s.rows_per_tile,
                     end = first + s.rows_per_tile < s.rows ? first + s.rows_per_tile : s.rows;
  const std::int64_t step = s.dilation_w * s.in_pitch, line = s.dilation_h * s.width * s.in_pitch;
  for (std::int64_t row = first; row < end; ++row) {
    const PoolRow r = pool_row(s, static_cast<const float*>(args.inputs[0]), static_cast<float*>(args.outputs[0]), row);
    std::int64_t counted_h = r.kh_last - r.kh_first;
    if (s.include_pad) {  // window rows inside the padded plane
      const std::int64_t room = (s.height + s.bottom - r.y0 + s.dilation_h - 1) / s.dilation_h;
      counted_h = room < s.kernel_h ? room : s.kernel_h;
    }
    for (std::int64_t ox = 0; ox < s.out_width; ++ox) {
      const std::int64_t x0 = ox * s.stride_w - s.left;
      std::int64_t kw_first = 0, kw_last = s.kernel_w, counted_w = s.kernel_w;
      if (x0 < 0 || x0 + (s.kernel_w - 1) * s.dilation_w >= s.width) {
        kw_first = x0 >= 0 ? 0 : (-x0 + s.dilation_w - 1) / s.dilation_w;
        kw_last = (s.width - x0 + s.dilation_w - 1) / s.dilation_w;
        if (kw_last > s.kernel_w) kw_last = s.kernel_w;
        counted_w = kw_last - kw_first;
        if (s.include_pad) {
          const std::int64_t room = (s.width + s.right - x0 + s.dilation_w - 1) / s.dilation_w;
          counted_w = room < s.kernel_w ? room : s.kernel_w;
        }
      }
      const bool any = r.kh_last > r.kh_first && kw_last > kw_first;
      const V start = kMax && any ? V::set(-__builtin_inff()) : V::zero();
      const V factor = V::set(counted_h * counted_w > 0 ? 1.0f / static_cast<float>(counted_h * counted_w) : 0.0f);
      const float* window = r.plane + (r.y0 * s.width + x0) * s.in_pitch;
      float* out = r.out + ox * s.out_pitch;
      for_channels<V>(s.channels, [&](std::int64_t c, auto vectors, int lanes) __attribute__((always_inline)) {
        Lanes<V, decltype(vectors)::value> acc;
        acc.fill(start);
        for (std::int64_t kh = r.kh_first; kh < r.kh_last; ++kh)
          for (std::int64_t kw = kw_first; kw < kw_last; ++kw)
            acc.template take<kMax>(window + kh * line + kw * step + c, lanes);
        if constexpr (!kMax) acc.scale(factor);
        acc.store(out + c, lanes);
      });
    }
  }
}

/// Max, stride 1 and dilation 1 along the row: scratch holds the column maxima of one row.
template <class V>
void pool_separable_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const PoolState*>(args.state);
  const std::int64_t first = args.tile * s.rows_per_tile,
                     end = first + s.rows_per_tile < s.rows ? first + s.rows_per_tile : s.rows;
  float* columns = reinterpret_cast<float*>(args.scratch);
  const std::int64_t line = s.dilation_h * s.width * s.in_pitch;
  // Pixels that lie close together are one long row.
  const bool dense = s.in_pitch == s.channels;
  const std::int64_t pixels = dense ? 1 : s.width, run = dense ? s.width * s.channels : s.channels;
  for (std::int64_t row = first; row < end; ++row) {
    const PoolRow r = pool_row(s, static_cast<const float*>(args.inputs[0]), static_cast<float*>(args.outputs[0]), row);
    const float* base = r.plane + r.y0 * s.width * s.in_pitch;
    for (std::int64_t x = 0; x < pixels; ++x)
      for_channels<V>(run, [&](std::int64_t c, auto vectors, int lanes) __attribute__((always_inline)) {
        Lanes<V, decltype(vectors)::value> acc;
        acc.fill(V::set(-__builtin_inff()));
        for (std::int64_t kh = r.kh_first; kh < r.kh_last; ++kh)
          acc.template take<true>(base + kh * line + x * s.in_pitch + c, lanes);
        acc.store(columns + x * s.channels + c, lanes);
      });
    for (std::int64_t ox = 0; ox < s.out_width; ++ox) {
      const std::int64_t x0 = ox - s.left < 0 ? 0 : ox - s.left,
                         x1 = ox - s.left + s.kernel_w < s.width ? ox - s.left + s.kernel_w : s.width;
      for_channels<V>(s.channels, [&](std::int64_t c, auto vectors, int lanes) __attribute__((always_inline)) {
        Lanes<V, decltype(vectors)::value> acc;
        acc.fill(V::set(-__builtin_inff()));
        for (std::int64_t x = x0; x < x1; ++x) acc.template take<true>(columns + x * s.channels + c, lanes);
        acc.store(r.out + ox * s.out_pitch + c, lanes);
      });
    }
  }
}

template <class V>
PoolKernels pool_kernels_for() {
  return {&pool_tile<true, V>, &pool_separable_tile<V>, &pool_tile<false, V>};
}

}  // namespace vireo::ops
