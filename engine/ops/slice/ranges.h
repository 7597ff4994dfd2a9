#pragma once
// What a slice takes along each axis. Plain values; any thread.

#include "engine/api/types.h"

namespace vireo::ops {

struct SliceRange {
  std::int64_t start = 0, step = 1, count = 0;
};

/// start, end and step as given, clamped to an axis of `extent` elements as numpy does. step is not 0.
[[nodiscard]] SliceRange slice_range(std::int64_t start, std::int64_t end, std::int64_t step, std::int64_t extent);

/// One range for each axis of `dims`. `axes` and `steps` may be empty. Throws Error for axes outside the rank or step
/// 0.
[[nodiscard]] std::vector<SliceRange> slice_ranges(const Dims& dims, const std::vector<std::int64_t>& starts,
                                                   const std::vector<std::int64_t>& ends,
                                                   const std::vector<std::int64_t>& axes,
                                                   const std::vector<std::int64_t>& steps);

}  // namespace vireo::ops
