#pragma once
// Resize of float32 blocks [outer, height, width, inner] along height and width. inner > 1 (NHWC): pixels of `inner`
// floats; inner 1: planes. Light: kernel bodies include it.

#include "engine/graph/tactic.h"

namespace vireo::ops {

/// out = low * (1 - weight) + high * weight
struct LinearTap {
  std::int64_t low, high;
  float weight;
};

struct ResizeState {
  std::int64_t outer = 1, height = 1, width = 1, inner = 1, out_height = 1, out_width = 1;
  std::int64_t in_pitch = 1, out_pitch = 1;  ///< between pixels
  std::int64_t rows_per_tile = 1;
  const LinearTap *vertical = nullptr, *horizontal = nullptr;  ///< nearest: low only
};

struct ResizeKernels {
  graph::TileFunction linear_pixels, linear_planes;
};
[[nodiscard]] ResizeKernels resize_kernels_avx2();
[[nodiscard]] ResizeKernels resize_kernels_avx512();
[[nodiscard]] ResizeKernels resize_kernels_portable();

/// On OpenCL devices.
[[nodiscard]] std::string refuse_resize_opencl(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_resize_opencl(const graph::Problem& problem);
/// A part of plan kernels.
[[nodiscard]] std::string refuse_resize_part(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_resize_part(const graph::Problem& problem);

}  // namespace vireo::ops
