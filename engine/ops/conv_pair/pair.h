#pragma once
// What the files of conv_pair share: its two convolutions. Any thread.

#include <span>

#include "engine/ops/shared/conv_geometry.h"

namespace vireo::ops {

/// One of the two, which: 1 or 2, from the attributes that end in that number. Throws as conv_geometry() does.
[[nodiscard]] ConvGeometry pair_geometry(const Attributes& attributes, int which, const Dims& x, const Dims& w);

[[nodiscard]] std::span<const Tactic> conv_pair_tactics();

/// Hopper's, a tactic for each tile (ops/shared/hopper.h).
[[nodiscard]] std::string refuse_conv_pair_hopper(const Problem& problem, std::size_t tile);
[[nodiscard]] Launch prepare_conv_pair_hopper(const Problem& problem, std::size_t tile);
[[nodiscard]] double predict_conv_pair_hopper(const Problem& problem, std::size_t tile);

}  // namespace vireo::ops
