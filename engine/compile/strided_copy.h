#pragma once
// The step of network outputs that are inputs, constants, views or repeated, and, on devices beyond the CPU, of
// reshapes that can't be views.

#include "engine/compile/placement.h"
#include "engine/graph/graph.h"
#include "engine/graph/tactic.h"

namespace vireo::compile {

/// Copies a tensor from where it lies, possibly in rows with gaps, to a dense buffer. One tile on the CPU.
[[nodiscard]] graph::Launch strided_copy(const graph::Tensor& tensor, const TensorPlace& from,
                                         const device::Target& target);

}  // namespace vireo::compile
