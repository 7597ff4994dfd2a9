#pragma once
// The front of an image network for devices that have it as one kernel: what prepares the picture, the first
// convolution and a max pool behind it become one layer, so that only the picture is read and only the result is
// written. Any thread.

#include "engine/compile/compile.h"

namespace vireo::compile {

/// Rewrites the graph where the options' target has a kernel for it.
void join_front(graph::Graph& graph, const CompileOptions& options);

}  // namespace vireo::compile
