#include "engine/ops/shared/loop_plan.h"

#include <algorithm>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

Dims strides_of(const graph::Desc& desc) { return strides_of(desc.dims, desc.pitch); }

Dims broadcast_strides(const graph::Desc& desc, const Dims& out) {
  return broadcast_strides(desc.dims, strides_of(desc), out);
}

bool plan_loop(const Dims& dims, std::span<const Dims> strides, Loop& loop) {
  loop = Loop{};
  for (std::int64_t extent : dims)
    if (extent == 0) {
      loop.tiles = 0;
      return false;
    }
  int rank = 0;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 1) continue;
    bool merges = rank > 0;
    for (std::size_t k = 0; k < strides.size() && merges; ++k)
      merges = loop.strides[k][rank - 1] == strides[k][i] * dims[i];
    if (!merges) {
      if (rank == kLoopRank) return false;
      loop.dims[rank++] = 1;
    }
    loop.dims[rank - 1] *= dims[i];
    for (std::size_t k = 0; k < strides.size(); ++k) loop.strides[k][rank - 1] = strides[k][i];
  }
  loop.rank = std::max(rank, 1);
  loop.chunk = loop.dims[0];
  return true;
}

bool make_unit_rows(Loop& loop, int tensors) {
  bool unit = true;
  for (int k = 0; k < tensors; ++k)
    unit = unit && (loop.strides[k][loop.rank - 1] == 0 || loop.strides[k][loop.rank - 1] == 1);
  if (unit || loop.dims[loop.rank - 1] == 1) return true;
  if (loop.rank == kLoopRank) return false;
  loop.dims[loop.rank++] = 1;
  for (int k = 0; k < tensors; ++k) loop.strides[k][loop.rank - 1] = 1;
  return true;
}

void cut_loop(Loop& loop, std::int64_t grain, int workers) {
  std::int64_t total = 1;
  for (int i = 0; i < loop.rank; ++i) total *= loop.dims[i];
  const std::int64_t wanted = std::min<std::int64_t>(total / std::max<std::int64_t>(grain, 1), 64 * workers);
  loop.split = 0;
  if (wanted > 1) {  // the outermost axis that is long enough, else the longest
    int best = -1;
    for (int i = 0; i < loop.rank && best < 0; ++i) {
      const std::int64_t room = i == loop.rank - 1 ? loop.dims[i] / 16 : loop.dims[i];
      if (room >= wanted) best = i;
    }
    if (best < 0) {
      best = 0;
      for (int i = 1; i < loop.rank; ++i)
        if ((i == loop.rank - 1 ? loop.dims[i] / 16 : loop.dims[i]) > loop.dims[best]) best = i;
    }
    loop.split = best;
  }
  const std::int64_t extent = loop.dims[loop.split];
  loop.chunk = wanted > 1 ? std::max<std::int64_t>((extent + wanted - 1) / wanted, 1) : extent;
  if (loop.split == loop.rank - 1) loop.chunk = (loop.chunk + 15) / 16 * 16;
  loop.tiles = (extent + loop.chunk - 1) / loop.chunk;
}

}  // namespace vireo::ops
