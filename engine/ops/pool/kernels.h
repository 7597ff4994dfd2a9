#pragma once
// Pooling of NHWC float32 planes: one tile makes some output rows. Light: kernel bodies include it.

#include "engine/graph/tactic.h"

namespace vireo::ops {

struct PoolState {
  std::int64_t height = 0, width = 0, channels = 0, out_height = 0, out_width = 0;
  std::int64_t kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1, top = 0,
               left = 0;
  std::int64_t bottom = 0, right = 0;        ///< padding at the end, for averages that count it
  std::int64_t in_pitch = 0, out_pitch = 0;  ///< between pixels
  std::int64_t rows = 0, rows_per_tile = 1;  ///< output rows of the whole batch
  bool include_pad = false;
};

struct PoolKernels {
  graph::TileFunction max, max_separable, average;
};
[[nodiscard]] PoolKernels pool_kernels_avx2();
[[nodiscard]] PoolKernels pool_kernels_avx512();
[[nodiscard]] PoolKernels pool_kernels_portable();

/// Maxima of 8-bit planes, channels first.
[[nodiscard]] std::string refuse_pool_bytes(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_pool_bytes(const graph::Problem& problem);

/// On OpenCL devices.
[[nodiscard]] std::string refuse_pool_opencl(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_pool_opencl(const graph::Problem& problem);
/// The same, of whole strips of a map.
[[nodiscard]] std::string refuse_pool_strips_opencl(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_pool_strips_opencl(const graph::Problem& problem);
/// A part of plan kernels.
[[nodiscard]] std::string refuse_pool_part(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_pool_part(const graph::Problem& problem);

}  // namespace vireo::ops
