#pragma once
// The tactics of attention (kernels.cpp), for op.cpp.

#include <span>

#include "engine/graph/tactic.h"

namespace vireo::ops {

[[nodiscard]] std::span<const graph::Tactic> attention_tactics();

}  // namespace vireo::ops
