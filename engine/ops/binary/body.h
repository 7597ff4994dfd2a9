#pragma once
// Vector body of binary: rows along which x and y each advance or stay the same. Bound by memory.

#include "engine/ops/binary/functions_light.h"
#include "engine/ops/binary/kernels.h"
#include "engine/simd/math.h"

namespace vireo::ops {

template <BinaryFunction kFunction, class V>
VIREO_INLINE V combine(V x, V y) {
  using B = BinaryFunction;
  if constexpr (kFunction == B::add) return x + y;
  else if constexpr (kFunction == B::sub) return x - y;
  else if constexpr (kFunction == B::mul) return x * y;
  else if constexpr (kFunction == B::div) return x / y;
  // min and max return y where either is NaN; a NaN in x must stay.
  else if constexpr (kFunction == B::min) return select(equal(x, x), min(x, y), x);
  else if constexpr (kFunction == B::max) return select(equal(x, x), max(x, y), x);
  else if constexpr (kFunction == B::square) return x * x;
  else if constexpr (kFunction == B::cube) return x * x * x;
  else if constexpr (kFunction == B::root) return sqrt(x);
  else return select(less(x, V::zero()), x * y, x);
}

template <BinaryFunction kFunction, bool kStillX, bool kStillY, class V>
VIREO_INLINE void binary_row(const float* x, const float* y, float* z, std::int64_t n) {
  constexpr int w = V::kWidth;
  const V x0 = kStillX ? V::set(*x) : V::zero(), y0 = kStillY ? V::set(*y) : V::zero();
  const auto at = [&](std::int64_t i) __attribute__((always_inline)) {
    const V a = kStillX ? x0 : V::load(x + i), b = kStillY ? y0 : V::load(y + i);
    combine<kFunction>(a, b).store(z + i);
  };
  std::int64_t i = 0;
  for (; i + 4 * w <= n; i += 4 * w) {
    at(i);
    at(i + w);
    at(i + 2 * w);
    at(i + 3 * w);
  }
  for (; i + w <= n; i += w) at(i);
  if (i < n) {
    const auto tail = V::tail(static_cast<int>(n - i));
    const V a = kStillX ? x0 : V::load(x + i, tail), b = kStillY ? y0 : V::load(y + i, tail);
    combine<kFunction>(a, b).store(z + i, tail);
  }
}

template <BinaryFunction kFunction, class V>
void binary_tile(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const BinaryState*>(args.state);
  const float *x = static_cast<const float*>(args.inputs[0]), *y = static_cast<const float*>(args.inputs[1]);
  float* z = static_cast<float*>(args.outputs[0]);
  const int last = s.loop.rank - 1;
  const bool still_x = s.loop.strides[0][last] == 0, still_y = s.loop.strides[1][last] == 0;
  for_rows<3>(s.loop, args.tile, [&](const std::int64_t* at, std::int64_t n) {
    const float *a = x + at[0], *b = y + at[1];
    float* c = z + at[2];
    if (still_y && !still_x) binary_row<kFunction, false, true, V>(a, b, c, n);
    else if (still_x) binary_row<kFunction, true, false, V>(a, b, c, n);
    else binary_row<kFunction, false, false, V>(a, b, c, n);
  });
}

template <class V>
graph::TileFunction binary_tile_for(BinaryFunction f) {
  using B = BinaryFunction;
  switch (f) {
    case B::add: return &binary_tile<B::add, V>;
    case B::sub: return &binary_tile<B::sub, V>;
    case B::mul: return &binary_tile<B::mul, V>;
    case B::div: return &binary_tile<B::div, V>;
    case B::min: return &binary_tile<B::min, V>;
    case B::max: return &binary_tile<B::max, V>;
    case B::prelu: return &binary_tile<B::prelu, V>;
    case B::square: return &binary_tile<B::square, V>;
    case B::cube: return &binary_tile<B::cube, V>;
    case B::root: return &binary_tile<B::root, V>;
    default: return nullptr;
  }
}

}  // namespace vireo::ops
