#pragma once
// A layer as tactics see it before anything is placed. Pure functions; any thread.

#include "engine/compile/compile.h"

namespace vireo::compile {

/// The problem of a layer whose tensors each lie dense in a block of their own.
[[nodiscard]] graph::Problem dense_problem(const graph::Graph& graph, graph::LayerId layer,
                                           const CompileOptions& options);
/// Whether the target has a kernel for that problem; false where extents of outputs are unknown.
[[nodiscard]] bool has_kernel(const graph::Graph& graph, graph::LayerId layer, const CompileOptions& options);

}  // namespace vireo::compile
