#pragma once
// The tactic of operators that keep the elements and their order (reshape and its like), for where the output can't
// share the input's memory: the input may have strided rows.

#include <span>

#include "engine/graph/tactic.h"

namespace vireo::ops {

[[nodiscard]] std::span<const graph::Tactic> flat_copy_tactics();

}  // namespace vireo::ops
