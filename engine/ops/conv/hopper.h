#pragma once
// conv on NVIDIA's tensor cores. Any thread.

#include <string>

#include "engine/graph/tactic.h"

namespace vireo::ops {

/// Hopper's, a tactic for each tile (ops/shared/hopper.h).
[[nodiscard]] std::string refuse_conv_hopper(const graph::Problem& problem, std::size_t tile);
[[nodiscard]] graph::Launch prepare_conv_hopper(const graph::Problem& problem, std::size_t tile);
[[nodiscard]] double predict_conv_hopper(const graph::Problem& problem, std::size_t tile);

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
