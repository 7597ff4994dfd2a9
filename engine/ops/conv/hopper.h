#pragma once
// conv on NVIDIA's tensor cores. Any thread.

#include <string>

#include "engine/graph/tactic.h"
#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/hopper.h"

namespace vireo::ops {

/// Hopper's, a tactic for each tile (ops/shared/hopper.h).
[[nodiscard]] std::string refuse_conv_hopper(const graph::Problem& problem, std::size_t tile);
[[nodiscard]] graph::Launch prepare_conv_hopper(const graph::Problem& problem, std::size_t tile);
[[nodiscard]] double predict_conv_hopper(const graph::Problem& problem, std::size_t tile);

/// Hopper's, few filters and stride 1 (window.cl).
[[nodiscard]] std::string refuse_conv_window(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_conv_window(const graph::Problem& problem);
[[nodiscard]] double predict_conv_window(const graph::Problem& problem);

/// What both have: their refusals of the layer's tensors, its geometry, and its weights as pack_hopper_weights() makes
/// them.
[[nodiscard]] std::string refuse_conv_hopper_tensors(const graph::Problem& problem);
[[nodiscard]] ConvGeometry conv_hopper_geometry(const graph::Problem& problem);
[[nodiscard]] device::OpenclState conv_hopper_weights(const graph::Problem& problem, const ConvGeometry& geometry);

/// A part of plan kernels, a tactic for each tile (ops/shared/slab.h).
[[nodiscard]] std::string refuse_conv_slab(const graph::Problem& problem, std::size_t tile);
[[nodiscard]] graph::Launch prepare_conv_slab(const graph::Problem& problem, std::size_t tile);
[[nodiscard]] double predict_conv_slab(const graph::Problem& problem, std::size_t tile);

[[nodiscard]] std::string refuse_conv_depthwise_part(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_conv_depthwise_part(const graph::Problem& problem);
[[nodiscard]] double predict_conv_depthwise_part(const graph::Problem& problem);

/// Of at most 4 channels, from sm_80 on (first.cl).
[[nodiscard]] std::string refuse_conv_first(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_conv_first(const graph::Problem& problem);
[[nodiscard]] double predict_conv_first(const graph::Problem& problem);

/// Hopper's, for windows that don't overlap (patches.cl).
[[nodiscard]] std::string refuse_conv_patches(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_conv_patches(const graph::Problem& problem);
[[nodiscard]] double predict_conv_patches(const graph::Problem& problem);

}  // namespace vireo::ops
