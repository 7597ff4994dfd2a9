#pragma once
// The scan of top_k over vectors V.
#include "engine/ops/top_k/kernels.h"

namespace vireo::ops {
namespace {

template <class V, bool kLargest>
VIREO_INLINE void collect(TopKScan& s) {
  const V limit = V::set(s.limit);
  while (s.next < s.extent && s.count + V::kWidth <= s.room) {
    const std::int64_t left = s.extent - s.next;
    const bool cut = left < V::kWidth;
    unsigned passing = (1u << (cut ? left : V::kWidth)) - 1;
    if (s.limited) {  // NaN compares false with everything and so is looked at
      const V x = cut ? V::load(s.row + s.next, V::tail(static_cast<int>(left))) : V::load(s.row + s.next);
      passing &= ~V::bits(kLargest ? less_equal(x, limit) : less_equal(limit, x));
    }
    for (; passing; passing &= passing - 1) {
      const std::int64_t at = s.next + __builtin_ctz(passing);
      s.keys[s.count++] = std::uint64_t{top_k_rank(s.row[at], kLargest)} << 32 | static_cast<std::uint64_t>(at);
    }
    s.next += V::kWidth;
  }
}

template <class V>
void collect(TopKScan& s) noexcept {
  if (s.largest) collect<V, true>(s);
  else collect<V, false>(s);
}

}  // namespace
}  // namespace vireo::ops
