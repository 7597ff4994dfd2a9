#pragma once
// Layer normalisation of float32 rows with scale and bias of one row each. y may be x. Light: kernel bodies include it.

#include "engine/graph/tactic.h"

namespace vireo::ops {

struct LayerNormState {
  std::int64_t outer = 1, extent = 1, in_pitch = 1, out_pitch = 1, rows_per_tile = 1;
  float epsilon = 1e-5f;
  bool has_bias = false;
};

struct LayerNormKernels {
  graph::TileFunction rows;
};
[[nodiscard]] LayerNormKernels layer_norm_kernels_avx2();
[[nodiscard]] LayerNormKernels layer_norm_kernels_avx512();
[[nodiscard]] LayerNormKernels layer_norm_kernels_portable();

}  // namespace vireo::ops
