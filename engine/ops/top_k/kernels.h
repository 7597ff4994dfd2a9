#pragma once
// The k extremes of rows of float32. An entry is one number, a key: its value in the upper half, mapped so that better
// entries are smaller, its position in the lower; so keys have one order, which is that of the operator. A row is read
// a vector at a time against the worst of the best k so far; what passes is collected, and cut back to k when there is
// no more room. Bound: reading the row, unless it ascends towards its best entries. Light: kernel bodies include it.

#include <cstdint>
#include <cstring>

#include "engine/simd/inline.h"

namespace vireo::ops {

/// Smaller for better values: larger ones, or with `largest` false smaller ones. NaN counts as the largest, -0 as 0.
VIREO_INLINE std::uint32_t top_k_rank(float x, bool largest) {
  x += 0.0f;
  if (x != x) return largest ? 0 : 0xffffffffu;
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const std::uint32_t ascending = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  return largest ? ~ascending : ascending;
}

struct TopKScan {
  const float* row = nullptr;
  std::int64_t extent = 0;
  std::int64_t next = 0;      ///< first entry not read yet
  bool largest = true;
  bool limited = false;       ///< entries that are no better than `limit` are passed over
  float limit = 0;
  std::uint64_t* keys = nullptr;
  std::int64_t count = 0, room = 0;  ///< keys that are there, and that fit; a scan stops before a vector might not fit
};

using TopKCollect = void (*)(TopKScan&) noexcept;
[[nodiscard]] TopKCollect top_k_collect_avx2();
[[nodiscard]] TopKCollect top_k_collect_avx512();
[[nodiscard]] TopKCollect top_k_collect_portable();

}  // namespace vireo::ops
