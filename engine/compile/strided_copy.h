#pragma once
// The step behind network outputs that are inputs, constants, views or repeated.

#include "engine/compile/placement.h"
#include "engine/graph/graph.h"
#include "engine/graph/tactic.h"

namespace vireo::compile {

/// Copies a tensor from where it lies, possibly in rows with gaps, to a dense buffer. One tile.
[[nodiscard]] graph::Launch strided_copy(const graph::Tensor& tensor, const TensorPlace& from);

}  // namespace vireo::compile
