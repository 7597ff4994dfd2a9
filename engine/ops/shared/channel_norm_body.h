#pragma once
// Vector bodies of channel_norm.h, bound by memory: the pixels are read three times, the planes twice from the cache.

#include "engine/ops/shared/channel_norm.h"
#include "engine/ops/shared/row_sums.h"

namespace vireo::ops {

template <class V>
void channel_norm_planes(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const ChannelNormState*>(args.state);
  constexpr int w = V::kWidth;
  const std::int64_t width = s.channels / s.groups, run = width * s.spatial, first = args.tile % s.groups * width;
  const float* x = static_cast<const float*>(args.inputs[0]) + args.tile * run;
  const float *scale = static_cast<const float*>(args.inputs[1]), *bias = static_cast<const float*>(args.inputs[2]);
  float* y = static_cast<float*>(args.outputs[0]) + args.tile * run;
  const float count = static_cast<float>(run), mean = row_sum<V>(x, run) / count;
  const float factor = 1.0f / __builtin_sqrtf(row_square_sum<V>(x, run, mean) / count + s.epsilon);
  for (std::int64_t c = 0; c < width; ++c, x += s.spatial, y += s.spatial) {
    const float f = factor * scale[first + c];
    // The mean is subtracted first: folded into a shift, one much larger than the deviation would round it away.
    const V middle = V::set(mean), m = V::set(f), b = V::set(bias[first + c]);
    std::int64_t i = 0;
    for (; i + w <= s.spatial; i += w) fma(V::load(x + i) - middle, m, b).store(y + i);
    if (i < s.spatial) {
      const auto tail = V::tail(static_cast<int>(s.spatial - i));
      fma(V::load(x + i, tail) - middle, m, b).store(y + i, tail);
    }
  }
}

/// Workspace: for each (sample, stripe) the sums of its pixels per channel, then the same of squares about the mean.
VIREO_INLINE float* sums_of(const ChannelNormState& s, const graph::TileArgs& args, std::int64_t n, std::int64_t stripe,
                            bool squares) {
  return reinterpret_cast<float*>(args.workspace) +
         ((squares ? s.batch * s.stripes : 0) + n * s.stripes + stripe) * s.channels;
}

/// Per-channel totals over stripes, averaged over each group, into `out` (channels floats).
VIREO_INLINE void group_averages(const ChannelNormState& s, const graph::TileArgs& args, std::int64_t n, bool squares,
                                 float* out) {
  for (std::int64_t c = 0; c < s.channels; ++c) out[c] = 0;
  for (std::int64_t k = 0; k < s.stripes; ++k) {
    const float* part = sums_of(s, args, n, k, squares);
    for (std::int64_t c = 0; c < s.channels; ++c) out[c] += part[c];
  }
  const std::int64_t width = s.channels / s.groups;
  for (std::int64_t g = 0; g < s.groups; ++g) {
    float total = 0;
    for (std::int64_t c = g * width; c < (g + 1) * width; ++c) total += out[c];
    for (std::int64_t c = g * width; c < (g + 1) * width; ++c) out[c] = total / static_cast<float>(width * s.spatial);
  }
}

template <bool kSquares, class V>
void channel_norm_sums(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const ChannelNormState*>(args.state);
  constexpr int w = V::kWidth;
  const std::int64_t n = args.tile / s.stripes, stripe = args.tile % s.stripes, first = stripe * s.stripe;
  const std::int64_t count = first + s.stripe < s.spatial ? s.stripe : s.spatial - first;
  const float* x = static_cast<const float*>(args.inputs[0]) + (n * s.spatial + first) * s.in_pitch;
  float* out = sums_of(s, args, n, stripe, kSquares);
  float* mean = reinterpret_cast<float*>(args.scratch);
  if constexpr (kSquares) group_averages(s, args, n, false, mean);
  for (std::int64_t c = 0; c < s.channels; c += w) {
    const int lanes = s.channels - c < w ? static_cast<int>(s.channels - c) : w;
    const auto tail = V::tail(lanes < w ? lanes : 0);
    const auto load = [&](const float* p) __attribute__((always_inline)) {
      return lanes == w ? V::load(p) : V::load(p, tail);
    };
    const V m = kSquares ? load(mean + c) : V::zero();
    V acc = V::zero();
    for (std::int64_t i = 0; i < count; ++i) {
      const V v = load(x + i * s.in_pitch + c);
      if constexpr (kSquares) acc = fma(v - m, v - m, acc);
      else acc = acc + v;
    }
    if (lanes == w) acc.store(out + c);
    else acc.store(out + c, tail);
  }
}

template <class V>
void channel_norm_apply(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const ChannelNormState*>(args.state);
  constexpr int w = V::kWidth;
  const std::int64_t n = args.tile / s.stripes, first = args.tile % s.stripes * s.stripe;
  const std::int64_t count = first + s.stripe < s.spatial ? s.stripe : s.spatial - first;
  const float* x = static_cast<const float*>(args.inputs[0]) + (n * s.spatial + first) * s.in_pitch;
  float* y = static_cast<float*>(args.outputs[0]) + (n * s.spatial + first) * s.out_pitch;
  const float *scale = static_cast<const float*>(args.inputs[1]), *bias = static_cast<const float*>(args.inputs[2]);
  float *mean = reinterpret_cast<float*>(args.scratch), *factor = mean + s.channels;
  group_averages(s, args, n, false, mean);
  group_averages(s, args, n, true, factor);
  for (std::int64_t c = 0; c < s.channels; ++c) factor[c] = scale[c] / __builtin_sqrtf(factor[c] + s.epsilon);
  for (std::int64_t i = 0; i < count; ++i, x += s.in_pitch, y += s.out_pitch) {
    std::int64_t c = 0;
    for (; c + w <= s.channels; c += w)
      fma(V::load(x + c) - V::load(mean + c), V::load(factor + c), V::load(bias + c)).store(y + c);
    if (c < s.channels) {
      const auto tail = V::tail(static_cast<int>(s.channels - c));
      fma(V::load(x + c, tail) - V::load(mean + c, tail), V::load(factor + c, tail), V::load(bias + c, tail))
          .store(y + c, tail);
    }
  }
}

template <class V>
ChannelNormKernels channel_norm_kernels_for() {
  return {&channel_norm_planes<V>, &channel_norm_sums<false, V>, &channel_norm_sums<true, V>, &channel_norm_apply<V>};
}

}  // namespace vireo::ops
