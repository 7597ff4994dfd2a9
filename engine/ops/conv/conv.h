#pragma once
// Parts of the operator conv that its files share. Any thread.

#include <span>

#include "engine/graph/tactic.h"

namespace vireo::ops {
[[nodiscard]] std::span<const graph::Tactic> conv_tactics();
}  // namespace vireo::ops
