#pragma once
// conv on Hopper's tensor cores, a tactic for each tile (ops/shared/hopper.h). Any thread.

#include <string>

#include "engine/graph/tactic.h"

namespace vireo::ops {

[[nodiscard]] std::string refuse_conv_hopper(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_conv_hopper(const graph::Problem& problem, std::size_t tile);
[[nodiscard]] double predict_conv_hopper(const graph::Problem& problem, std::size_t tile);

}  // namespace vireo::ops
