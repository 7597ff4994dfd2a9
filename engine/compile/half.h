#pragma once
// A network in float16: what precision fp16 makes of it on a device that keeps such tensors. Pure function; any thread.

#include "engine/compile/compile.h"

namespace vireo::compile {

/// The static graph with float16 in place of float32 wherever the target has a kernel for a layer so; the other layers
/// stay as they are, and casts stand between. Inputs and outputs of the network keep their types. Weights that float16
/// can't hold (beyond 65504) keep their layer in float32.
[[nodiscard]] graph::Graph with_half(const graph::Graph& graph, const CompileOptions& options);

}  // namespace vireo::compile
