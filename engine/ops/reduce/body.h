#pragma once
// Vector bodies of reduce, bound by memory. Column reductions of few, long columns are cut along the reduced axis too:
// parts go to the workspace, a second phase combines them.

#include "engine/ops/reduce/kernels.h"
#include "engine/simd/math.h"

namespace vireo::ops {

template <ReduceMode kMode>
inline constexpr bool kOrders = kMode == ReduceMode::max || kMode == ReduceMode::min;

template <ReduceMode kMode, class V>
VIREO_INLINE V reduce_start() {
  if constexpr (kMode == ReduceMode::max) return V::set(-__builtin_inff());
  else if constexpr (kMode == ReduceMode::min) return V::set(__builtin_inff());
  else return V::zero();
}
template <ReduceMode kMode, class V>
VIREO_INLINE V reduce_add(V acc, V x) {
  if constexpr (kMode == ReduceMode::max) return max(acc, x);
  else if constexpr (kMode == ReduceMode::min) return min(acc, x);
  else if constexpr (kMode == ReduceMode::l1) return acc + abs(x);
  else if constexpr (kMode == ReduceMode::l2 || kMode == ReduceMode::sum_square) return fma(x, x, acc);
  else return acc + x;
}
/// Two partial results.
template <ReduceMode kMode, class V>
VIREO_INLINE V reduce_join(V a, V b) {
  if constexpr (kOrders<kMode>) return reduce_add<kMode>(a, b);
  else return a + b;
}
template <ReduceMode kMode, class V>
VIREO_INLINE V reduce_finish(V acc, V factor) {
  if constexpr (kMode == ReduceMode::mean) return acc * factor;
  else if constexpr (kMode == ReduceMode::l2) return sqrt(acc);
  else return acc;
}

template <ReduceMode kMode, class V>
VIREO_INLINE float reduce_row(const float* x, std::int64_t n) {
  constexpr int w = V::kWidth;
  V a = reduce_start<kMode, V>(), b = a, c = a, d = a;
  std::int64_t i = 0;
  for (; i + 4 * w <= n; i += 4 * w) {
    a = reduce_add<kMode>(a, V::load(x + i));
    b = reduce_add<kMode>(b, V::load(x + i + w));
    c = reduce_add<kMode>(c, V::load(x + i + 2 * w));
    d = reduce_add<kMode>(d, V::load(x + i + 3 * w));
  }
  for (; i + w <= n; i += w) a = reduce_add<kMode>(a, V::load(x + i));
  a = reduce_join<kMode>(reduce_join<kMode>(a, b), reduce_join<kMode>(c, d));
  float result = kMode == ReduceMode::max ? max_lane(a) : kMode == ReduceMode::min ? min_lane(a) : sum(a);
  for (; i < n; ++i) {
    const float v = x[i];
    if constexpr (kMode == ReduceMode::max) result = v > result ? v : result;
    else if constexpr (kMode == ReduceMode::min) result = v < result ? v : result;
    else if constexpr (kMode == ReduceMode::l1) result += v < 0 ? -v : v;
    else if constexpr (kMode == ReduceMode::l2 || kMode == ReduceMode::sum_square) result += v * v;
    else result += v;
  }
  return result;
}

template <ReduceMode kMode, class V>
void reduce_rows_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const ReduceState*>(args.state);
  const float* x = static_cast<const float*>(args.inputs[0]);
  float* y = static_cast<float*>(args.outputs[0]);
  const std::int64_t first = args.tile * s.rows_per_tile,
                     end = first + s.rows_per_tile < s.outer ? first + s.rows_per_tile : s.outer;
  for (std::int64_t o = first; o < end; ++o) {
    float value = reduce_row<kMode, V>(x + o * s.outer_pitch, s.extent);
    if constexpr (kMode == ReduceMode::mean) value *= s.factor;
    if constexpr (kMode == ReduceMode::l2) value = __builtin_sqrtf(value);
    y[o * s.out_pitch] = value;
  }
}

/// kVectors vectors side by side, n entries down.
template <ReduceMode kMode, class V, int kVectors>
VIREO_INLINE void reduce_strip(const float* x, std::int64_t pitch, std::int64_t n, V* acc) {
  for (int k = 0; k < kVectors; ++k) acc[k] = reduce_start<kMode, V>();
  for (std::int64_t i = 0; i < n; ++i)
    for (int k = 0; k < kVectors; ++k) acc[k] = reduce_add<kMode>(acc[k], V::load(x + i * pitch + k * V::kWidth));
}

/// Tile: (outer, part, column strip). Writes the result, or the part to the workspace when there are several.
template <ReduceMode kMode, class V>
void reduce_columns_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const ReduceState*>(args.state);
  constexpr int w = V::kWidth;
  const std::int64_t strip = args.tile % s.columns, part = args.tile / s.columns % s.parts,
                     o = args.tile / s.columns / s.parts;
  const std::int64_t c0 = strip * s.width, c1 = c0 + s.width < s.inner ? c0 + s.width : s.inner;
  const std::int64_t first = part * s.part, count = first + s.part < s.extent ? s.part : s.extent - first;
  const float* x = static_cast<const float*>(args.inputs[0]) + o * s.outer_pitch + first * s.pitch;
  float* y = s.parts > 1 ? reinterpret_cast<float*>(args.workspace) + (o * s.parts + part) * s.inner
                         : static_cast<float*>(args.outputs[0]) + o * s.out_pitch;
  const V factor = V::set(s.factor);
  const bool last = s.parts == 1;
  std::int64_t c = c0;
  for (; c + 4 * w <= c1; c += 4 * w) {
    V acc[4];
    reduce_strip<kMode, V, 4>(x + c, s.pitch, count, acc);
    for (int k = 0; k < 4; ++k) (last ? reduce_finish<kMode>(acc[k], factor) : acc[k]).store(y + c + k * w);
  }
  for (; c < c1; c += w) {
    const int lanes = c1 - c < w ? static_cast<int>(c1 - c) : w;
    const auto tail = V::tail(lanes < w ? lanes : 0);
    V acc = reduce_start<kMode, V>();
    for (std::int64_t i = 0; i < count; ++i) {
      const float* p = x + i * s.pitch + c;
      acc = reduce_add<kMode>(acc, lanes == w ? V::load(p) : V::load(p, tail));
    }
    if (last) acc = reduce_finish<kMode>(acc, factor);
    if (lanes == w) acc.store(y + c);
    else acc.store(y + c, tail);
  }
}

template <ReduceMode kMode, class V>
void reduce_combine_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const ReduceState*>(args.state);
  constexpr int w = V::kWidth;
  const float* x = reinterpret_cast<const float*>(args.workspace) + args.tile * s.parts * s.inner;
  float* y = static_cast<float*>(args.outputs[0]) + args.tile * s.out_pitch;
  for (std::int64_t c = 0; c < s.inner; c += w) {
    const int lanes = s.inner - c < w ? static_cast<int>(s.inner - c) : w;
    const auto tail = V::tail(lanes < w ? lanes : 0);
    V acc = reduce_start<kMode, V>();
    for (std::int64_t i = 0; i < s.parts; ++i) {
      const float* p = x + i * s.inner + c;
      acc = reduce_join<kMode>(acc, lanes == w ? V::load(p) : V::load(p, tail));
    }
    acc = reduce_finish<kMode>(acc, V::set(s.factor));
    if (lanes == w) acc.store(y + c);
    else acc.store(y + c, tail);
  }
}

template <class V>
ReduceKernels reduce_kernels_for(int mode) {
  using M = ReduceMode;
  switch (static_cast<M>(mode)) {
#define VIREO_ROW(m) \
  case M::m: return {&reduce_rows_tile<M::m, V>, &reduce_columns_tile<M::m, V>, &reduce_combine_tile<M::m, V>};
    VIREO_ROW(sum) VIREO_ROW(mean) VIREO_ROW(max) VIREO_ROW(min) VIREO_ROW(l1) VIREO_ROW(l2) VIREO_ROW(sum_square)
#undef VIREO_ROW
  }
  return {};
}

}  // namespace vireo::ops
