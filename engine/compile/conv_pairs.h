#pragma once
// Two convolutions that are added as one product, where the target has a kernel for it. Pure function; any thread.

#include <optional>

#include "engine/compile/compile.h"

namespace vireo::compile {

/// The static graph with a `conv_pair` in place of each convolution whose residual is another convolution's output that
/// nobody else reads, as in the first block of a ResNet's stage: the residual is never written nor read, and a launch
/// less is made. Where the times of all three are known they decide, else predictions. Nothing for a graph without any,
/// and for plan kernels, whose parts run both convolutions side by side.
[[nodiscard]] std::optional<graph::Graph> with_conv_pairs(const graph::Graph& graph, const CompileOptions& options);

}  // namespace vireo::compile
