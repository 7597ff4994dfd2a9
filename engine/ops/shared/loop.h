#pragma once
// A loop nest over strided tensors, cut into tiles: what elementwise and data-moving kernels walk. LoopPlan
// (loop_plan.h) builds it; kernels read it. Plain data, immutable once built; light on purpose, kernel bodies include
// it.

#include <cstdint>

#include "engine/simd/inline.h"

namespace vireo::ops {

inline constexpr int kLoopRank = 8;  ///< axes after merging
inline constexpr int kLoopTensors = 4;

/// Axis rank - 1 is the row that a kernel handles in one call. Strides are in elements.
struct Loop {
  int rank = 1;
  std::int64_t dims[kLoopRank] = {1};
  std::int64_t strides[kLoopTensors][kLoopRank] = {};
  int split = 0;           ///< the axis that tiles divide
  std::int64_t chunk = 1;  ///< entries of it in a tile (fewer in the last)
  std::int64_t tiles = 1;
};

/// Calls row(offsets, n) for every row of a tile: offsets[k] in elements of tensor k, n entries of the last axis.
template <int kTensors, typename Row>
VIREO_INLINE void for_rows(const Loop& loop, std::int64_t tile, Row&& row) {
  const std::int64_t first = tile * loop.chunk;
  const std::int64_t count = loop.dims[loop.split] - first < loop.chunk ? loop.dims[loop.split] - first : loop.chunk;
  const int last = loop.rank - 1;
  std::int64_t dims[kLoopRank], index[kLoopRank], offsets[kTensors];
  for (int i = 0; i < loop.rank; ++i) {
    dims[i] = i == loop.split ? count : loop.dims[i];
    index[i] = 0;
  }
  for (int k = 0; k < kTensors; ++k) offsets[k] = first * loop.strides[k][loop.split];
  for (;;) {
    row(static_cast<const std::int64_t*>(offsets), dims[last]);
    int axis = last - 1;
    for (; axis >= 0; --axis) {
      if (++index[axis] < dims[axis]) {
        for (int k = 0; k < kTensors; ++k) offsets[k] += loop.strides[k][axis];
        break;
      }
      for (int k = 0; k < kTensors; ++k) offsets[k] -= loop.strides[k][axis] * (dims[axis] - 1);
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

}  // namespace vireo::ops
