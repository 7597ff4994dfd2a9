#pragma once
// Builds loop nests: strides of tensors with a pitch, broadcasting, merging of axes that are one for every tensor, and
// the cut into tiles. Used when a kernel is prepared; any thread.

#include <span>

#include "engine/ops/shared/loop.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

/// Row-major strides of a tensor whose innermost rows are `pitch` apart.
[[nodiscard]] Dims strides_of(const graph::Desc& desc);
/// The same seen as a tensor of `out` by numpy broadcasting: 0 along repeated axes.
[[nodiscard]] Dims broadcast_strides(const graph::Desc& desc, const Dims& out);

/// Axes of extent 1 dropped, neighbours merged where every tensor steps through them evenly. Not cut yet (one tile).
/// Returns false when more than kLoopRank axes remain or there are no elements (then tiles is 0).
[[nodiscard]] bool plan_loop(const Dims& dims, std::span<const Dims> strides, Loop& loop);

/// For kernels whose rows have stride 1 or 0: where a tensor's last stride is another, makes each entry its own row.
/// Returns false when that needs more than kLoopRank axes.
[[nodiscard]] bool make_unit_rows(Loop& loop, int tensors);

/// Cuts the loop into tiles of about `grain` elements, never more than 64 for each worker. Entries of the last axis are
/// cut in multiples of 16.
void cut_loop(Loop& loop, std::int64_t grain, int workers);

}  // namespace vireo::ops
