#pragma once
// Parts of the operator matmul that its files share. Any thread.

#include <span>

#include "engine/graph/tactic.h"

namespace vireo::ops {
[[nodiscard]] std::span<const graph::Tactic> matmul_tactics();
}  // namespace vireo::ops
