#pragma once
// Reductions of float32 blocks [outer, extent, inner]: along rows (inner 1) or down columns (inner > 1, the vector runs
// over inner). Light: kernel bodies include it.

#include "engine/graph/tactic.h"

namespace vireo::ops {

enum class ReduceMode : std::uint8_t { sum, mean, max, min, l1, l2, sum_square };

struct ReduceState {
  std::int64_t outer = 1, extent = 1, inner = 1, pitch = 1;  ///< pitch: between entries of the reduced axis
  std::int64_t outer_pitch = 1, out_pitch = 1;                ///< between blocks
  std::int64_t rows_per_tile = 1;                             ///< rows: outer entries in a tile
  std::int64_t width = 1, columns = 1;                        ///< columns: how wide a tile is, tiles across inner
  std::int64_t parts = 1, part = 1;                           ///< columns: pieces of the reduced axis, their length
  float factor = 1;                                           ///< mean: 1 / extent
};

struct ReduceKernels {
  graph::TileFunction rows, columns, combine;
};
[[nodiscard]] ReduceKernels reduce_kernels_avx2(int mode);
[[nodiscard]] ReduceKernels reduce_kernels_avx512(int mode);
[[nodiscard]] ReduceKernels reduce_kernels_portable(int mode);

}  // namespace vireo::ops
