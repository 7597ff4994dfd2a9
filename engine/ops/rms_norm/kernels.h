#pragma once
// Root-mean-square normalisation of float32 rows with a scale of one row. y may be x. Light: kernel bodies include it.

#include "engine/graph/tactic.h"

namespace vireo::ops {

struct RmsNormState {
  std::int64_t outer = 1, extent = 1, in_pitch = 1, out_pitch = 1, rows_per_tile = 1;
  float epsilon = 1e-5f;
};

struct RmsNormKernels {
  graph::TileFunction rows;
};
[[nodiscard]] RmsNormKernels rms_norm_kernels_avx2();
[[nodiscard]] RmsNormKernels rms_norm_kernels_avx512();
[[nodiscard]] RmsNormKernels rms_norm_kernels_portable();

}  // namespace vireo::ops
