#pragma once
// The extents of an image_conv, read from attributes and shapes. Any thread.

#include <span>
#include <string>

#include "engine/device/opencl/launch.h"
#include "engine/graph/tactic.h"
#include "engine/ops/shared/conv_geometry.h"

namespace vireo::ops {

struct ImageConvGeometry {
  bool planes = false;                                   ///< channels of the images apart
  ConvGeometry conv;                                     ///< of the prepared image
  std::int64_t pool = 1, pool_stride = 1, pool_pad = 0;  ///< windows of maxima, both ways; 1: none
  std::int64_t height = 0, width = 0;                    ///< of the result
};

/// Throws Error(invalid_model) for what doesn't fit. Static shapes only.
[[nodiscard]] ImageConvGeometry image_conv_geometry(const Attributes& attributes, const Dims& image, const Dims& w);

[[nodiscard]] std::span<const graph::Tactic> image_conv_tactics();
/// Launches on any tensor cores (strips.cl) and on Hopper's with windows of maxima (rows.cl), and a part of plan
/// kernels (part.cl).
[[nodiscard]] std::string refuse_image_conv_mma(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_image_conv_mma(const graph::Problem& problem);
[[nodiscard]] double predict_image_conv_mma(const graph::Problem& problem);

[[nodiscard]] std::string refuse_image_conv_rows(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_image_conv_rows(const graph::Problem& problem);
[[nodiscard]] double predict_image_conv_rows(const graph::Problem& problem);
/// Scale of each channel, then shift: floats.
[[nodiscard]] device::OpenclState image_conv_factors(const graph::Problem& problem, std::int64_t channels);

[[nodiscard]] std::string refuse_image_conv_part(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_image_conv_part(const graph::Problem& problem);

}  // namespace vireo::ops
