#pragma once
// The kernels of non_max_suppression over vectors V.
#include "engine/ops/non_max_suppression/kernels.h"
#include "engine/simd/inline.h"

namespace vireo::ops {
namespace {

template <class V>
std::int64_t above(const float* scores, std::int64_t n, float floor, std::int32_t* positions) noexcept {
  const V limit = V::set(floor);
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; i += V::kWidth) {
    const std::int64_t left = n - i;
    unsigned passing;
    if (left < V::kWidth)
      passing = V::bits(less(limit, V::load(scores + i, V::tail(static_cast<int>(left))))) & ((1u << left) - 1);
    else passing = V::bits(less(limit, V::load(scores + i)));
    for (; passing; passing &= passing - 1) positions[count++] = static_cast<std::int32_t>(i) + __builtin_ctz(passing);
  }
  return count;
}

template <class V>
VIREO_INLINE unsigned overlaps(V y1, V x1, V y2, V x2, V areas, const float (&box)[4], float area, float limit) {
  const V height = min(y2, V::set(box[2])) - max(y1, V::set(box[0])),
          width = min(x2, V::set(box[3])) - max(x1, V::set(box[1]));
  const V shared = height * width, either = areas + V::set(area) - shared;
  // Where both extents of the common area are negative, or a box has no area, nothing is shared.
  const V zero = V::zero();
  return V::bits(less(zero, height)) & V::bits(less(zero, width)) & V::bits(less(zero, areas)) &
         V::bits(less(V::set(limit) * either, shared));
}

template <class V>
bool overlaps_any(const KeptBoxes& k, const float (&box)[4], float area, float limit) noexcept {
  if (!(area > 0)) return false;
  for (std::int64_t i = 0; i < k.count; i += V::kWidth) {
    const std::int64_t left = k.count - i;
    if (left < V::kWidth) {
      const typename V::Tail t = V::tail(static_cast<int>(left));  // lanes beyond are boxes without area
      if (overlaps(V::load(k.y1 + i, t), V::load(k.x1 + i, t), V::load(k.y2 + i, t), V::load(k.x2 + i, t),
                   V::load(k.area + i, t), box, area, limit))
        return true;
    } else if (overlaps(V::load(k.y1 + i), V::load(k.x1 + i), V::load(k.y2 + i), V::load(k.x2 + i), V::load(k.area + i),
                        box, area, limit)) {
      return true;
    }
  }
  return false;
}

template <class V>
SuppressionKernels suppression_kernels_for() {
  return {&above<V>, &overlaps_any<V>};
}

}  // namespace
}  // namespace vireo::ops
