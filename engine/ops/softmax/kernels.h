#pragma once
// Softmax of float32 [outer, extent, inner] along extent: rows (inner 1) or columns, the vector over inner. y may be x.
// Light: kernel bodies include it.

#include "engine/graph/tactic.h"

namespace vireo::ops {

struct SoftmaxState {
  std::int64_t outer = 1, extent = 1, inner = 1;
  std::int64_t in_pitch = 1, out_pitch = 1;  ///< rows: between rows
  std::int64_t rows_per_tile = 1;
  std::int64_t width = 1, columns = 1;  ///< columns: how wide a tile is, tiles across inner
};

struct SoftmaxKernels {
  graph::TileFunction rows, log_rows, columns, log_columns;
};
[[nodiscard]] SoftmaxKernels softmax_kernels_avx2();
[[nodiscard]] SoftmaxKernels softmax_kernels_avx512();
[[nodiscard]] SoftmaxKernels softmax_kernels_portable();

}  // namespace vireo::ops
