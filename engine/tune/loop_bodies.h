#pragma once
// What loops repeat, as graphs to time kernels on: at the extents of their first iteration. Any thread.

#include <vector>

#include "engine/compile/compile.h"

namespace vireo::tune {

/// The bodies of a specialised network's loops whose inputs have known extents, those of loops inside of them included.
[[nodiscard]] std::vector<graph::Graph> loop_bodies(const graph::Graph& graph, const compile::CompileOptions& options);

}  // namespace vireo::tune
