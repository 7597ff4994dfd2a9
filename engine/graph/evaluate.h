#pragma once
// Running the references of operators: a layer on memory, a layer whose inputs are constants, a whole graph. What
// constant folding, the importer, compilation (layers that no kernel takes), comparisons and tests share. Each call
// works on its own arguments; any thread.

#include <cstddef>
#include <functional>
#include <limits>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/graph/tactic.h"

namespace vireo::graph {

/// Runs the reference of the problem's operator on dense tensors in memory, one pointer for each input and output (of
/// absent and empty ones it doesn't matter). Returns the extents of the outputs: the problem's, or less where they
/// depend on the data. Throws what the reference throws.
std::vector<Dims> run_reference(const Problem& problem, const void* const* inputs, void* const* outputs);

/// The outputs of one layer whose present inputs are all constants; of one that stands for a branch, the branch's.
/// Empty when an input is not known, an output's extents are not known, or the outputs would take more than
/// `max_bytes`. Throws what the reference throws.
[[nodiscard]] std::vector<ConstantPtr> evaluate_layer(const Graph& graph, LayerId layer, std::size_t max_bytes);

/// The graph that stands for a layer whose operator has a body and whose condition is a constant: it fits the layer's
/// inputs and outputs. Throws Error naming the layer.
[[nodiscard]] Graph body_of(const Graph& graph, LayerId layer);

/// What takes the place of a value as soon as it is known. `layer`: what computed it, null for inputs.
using ReplaceValue = std::function<ConstantPtr(const Graph& graph, const Layer* layer, const ConstantPtr& value)>;

/// The whole graph on given inputs (one per graph input, in order), layer by layer: one constant per tensor, null for
/// those that no layer writes. Extents that depend on values are inferred on the way. Throws Error when a layer's
/// outputs can't be evaluated, or take more than `max_layer_bytes`: every tensor stays in memory, for this is meant for
/// tests and comparisons.
[[nodiscard]] std::vector<ConstantPtr> evaluate_tensors(
    Graph graph, const std::vector<ConstantPtr>& inputs, const ReplaceValue& replace = {},
    std::size_t max_layer_bytes = std::numeric_limits<std::size_t>::max());

/// The same: one constant per graph output.
[[nodiscard]] std::vector<ConstantPtr> evaluate_graph(
    const Graph& graph, const std::vector<ConstantPtr>& inputs, const ReplaceValue& replace = {},
    std::size_t max_layer_bytes = std::numeric_limits<std::size_t>::max());

}  // namespace vireo::graph
