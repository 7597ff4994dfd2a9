#pragma once
// Parts of the operator conv_transpose that its files share. Any thread.

#include <span>

#include "engine/graph/tactic.h"

namespace vireo::ops {
[[nodiscard]] std::span<const graph::Tactic> conv_transpose_tactics();
}  // namespace vireo::ops
