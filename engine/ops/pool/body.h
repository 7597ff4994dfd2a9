#pragma once
// Vector bodies of NHWC pooling: channels are the vector. Loads of the window bound it; windows of stride 1 are taken
// apart into columns (kept in scratch) and rows, which turns 25 loads of a 5 × 5 window into 10.

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

template <class V>
VIREO_INLINE V pool_load(const float* p, int lanes) {
  return lanes == V::kWidth ? V::load(p) : V::load(p, V::tail(lanes));
}
template <class V>
VIREO_INLINE void pool_store(V v, float* p, int lanes) {
  if (lanes == V::kWidth) v.store(p);
  else v.store(p, V::tail(lanes));
}

template <bool kMax, class V>
void pool_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const PoolState*>(args.state);
  const std::int64_t first = args.tile * s.rows_per_tile, end = first + s.rows_per_tile < s.rows ? first + s.rows_per_tile : s.rows;
  for (std::int64_t row = first; row < end; ++row) {
    const PoolRow r = pool_row(s, static_cast<const float*>(args.inputs[0]), static_cast<float*>(args.outputs[0]), row);
    std::int64_t counted_h = r.kh_last - r.kh_first;
    if (s.include_pad) {  // window rows inside the padded plane
      const std::int64_t room = (s.height + s.bottom - r.y0 + s.dilation_h - 1) / s.dilation_h;
      counted_h = room < s.kernel_h ? room : s.kernel_h;
    }
    for (std::int64_t ox = 0; ox < s.out_width; ++ox) {
      const std::int64_t x0 = ox * s.stride_w - s.left;
      const std::int64_t kw_first = x0 >= 0 ? 0 : (-x0 + s.dilation_w - 1) / s.dilation_w;
      std::int64_t kw_last = (s.width - x0 + s.dilation_w - 1) / s.dilation_w;
      if (kw_last > s.kernel_w) kw_last = s.kernel_w;
      std::int64_t counted_w = kw_last - kw_first;
      if (s.include_pad) {
        const std::int64_t room = (s.width + s.right - x0 + s.dilation_w - 1) / s.dilation_w;
        counted_w = room < s.kernel_w ? room : s.kernel_w;
      }
      const bool any = r.kh_last > r.kh_first && kw_last > kw_first;
      const float factor = counted_h * counted_w > 0 ? 1.0f / static_cast<float>(counted_h * counted_w) : 0.0f;
      for (std::int64_t c = 0; c < s.channels; c += V::kWidth) {
        const int lanes = s.channels - c < V::kWidth ? static_cast<int>(s.channels - c) : V::kWidth;
        V acc = kMax && any ? V::set(-__builtin_inff()) : V::zero();
        for (std::int64_t kh = r.kh_first; kh < r.kh_last; ++kh) {
          const float* p = r.plane + ((r.y0 + kh * s.dilation_h) * s.width + x0) * s.in_pitch + c;
          for (std::int64_t kw = kw_first; kw < kw_last; ++kw) {
            const V v = pool_load<V>(p + kw * s.dilation_w * s.in_pitch, lanes);
            acc = kMax ? max(acc, v) : acc + v;
          }
        }
        pool_store(kMax ? acc : acc * V::set(factor), r.out + ox * s.out_pitch + c, lanes);
      }
    }
  }
}

/// Max, stride 1 and dilation 1 along the row: scratch holds the column maxima of one row.
template <class V>
void pool_separable_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const PoolState*>(args.state);
  const std::int64_t first = args.tile * s.rows_per_tile, end = first + s.rows_per_tile < s.rows ? first + s.rows_per_tile : s.rows;
  float* columns = reinterpret_cast<float*>(args.scratch);
  for (std::int64_t row = first; row < end; ++row) {
    const PoolRow r = pool_row(s, static_cast<const float*>(args.inputs[0]), static_cast<float*>(args.outputs[0]), row);
    const float* base = r.plane + r.y0 * s.width * s.in_pitch;
    const std::int64_t line = s.dilation_h * s.width * s.in_pitch;
    for (std::int64_t x = 0; x < s.width; ++x)
      for (std::int64_t c = 0; c < s.channels; c += V::kWidth) {
        const int lanes = s.channels - c < V::kWidth ? static_cast<int>(s.channels - c) : V::kWidth;
        V acc = V::set(-__builtin_inff());
        for (std::int64_t kh = r.kh_first; kh < r.kh_last; ++kh) acc = max(acc, pool_load<V>(base + kh * line + x * s.in_pitch + c, lanes));
        pool_store(acc, columns + x * s.channels + c, lanes);
      }
    for (std::int64_t ox = 0; ox < s.out_width; ++ox) {
      const std::int64_t x0 = ox - s.left < 0 ? 0 : ox - s.left, x1 = ox - s.left + s.kernel_w < s.width ? ox - s.left + s.kernel_w : s.width;
      for (std::int64_t c = 0; c < s.channels; c += V::kWidth) {
        const int lanes = s.channels - c < V::kWidth ? static_cast<int>(s.channels - c) : V::kWidth;
        V acc = V::set(-__builtin_inff());
        for (std::int64_t x = x0; x < x1; ++x) acc = max(acc, pool_load<V>(columns + x * s.channels + c, lanes));
        pool_store(acc, r.out + ox * s.out_pitch + c, lanes);
      }
    }
  }
}

template <class V>
PoolKernels pool_kernels_for() {
  return {&pool_tile<true, V>, &pool_separable_tile<V>, &pool_tile<false, V>};
}

}  // namespace vireo::ops
