#pragma once
// The step after network outputs that are inputs, constants, views or repeated.

#include "engine/compile/placement.h"
#include "engine/graph/graph.h"
#include "engine/graph/tactic.h"

namespace vireo::compile {

/// Copies a tensor from where it lies, possibly in rows with gaps, to a dense buffer. One tile on the CPU.
[[nodiscard]] graph::Launch strided_copy(const graph::Tensor& tensor, const TensorPlace& from,
                                         const device::Target& target);
/// A dense copy on a device that is no CPU.
[[nodiscard]] graph::Launch whole_copy(std::size_t bytes);

}  // namespace vireo::compile
