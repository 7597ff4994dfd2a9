#include "engine/ops/slice/ranges.h"

#include <algorithm>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

SliceRange slice_range(std::int64_t start, std::int64_t end, std::int64_t step, std::int64_t extent) {
  const auto clamp = [&](std::int64_t at) {
    if (at < 0) at = at < -extent ? -1 : at + extent;
    return step > 0 ? std::clamp<std::int64_t>(at, 0, extent) : std::clamp<std::int64_t>(at, -1, extent - 1);
  };
  SliceRange range{clamp(start), step, 0};
  const std::int64_t stop = clamp(end);
  if (step > 0 && range.start < stop) range.count = (stop - range.start - 1) / step + 1;
  if (step < 0 && range.start > stop) range.count = step == INT64_MIN ? 1 : (range.start - stop - 1) / -step + 1;
  if (range.count <= 1) range.step = 1;
  return range;
}

std::vector<SliceRange> slice_ranges(const Dims& dims, const std::vector<std::int64_t>& starts,
                                     const std::vector<std::int64_t>& ends, const std::vector<std::int64_t>& axes,
                                     const std::vector<std::int64_t>& steps) {
  std::vector<SliceRange> ranges;
  for (std::int64_t extent : dims) ranges.push_back({0, 1, extent});
  if (ends.size() != starts.size() || (!axes.empty() && axes.size() != starts.size()) ||
      (!steps.empty() && steps.size() != starts.size()) || starts.size() > dims.size())
    throw Error(ErrorCode::invalid_model,
                "slice: starts, ends, axes and steps must have one entry for each sliced axis");
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t axis = axes.empty() ? i : wrap_axis(axes[i], dims.size());
    const std::int64_t step = steps.empty() ? 1 : steps[i];
    if (step == 0) throw Error(ErrorCode::invalid_model, "slice: a step is 0");
    ranges[axis] = slice_range(starts[i], ends[i], step, dims[axis]);
  }
  return ranges;
}

}  // namespace vireo::ops
