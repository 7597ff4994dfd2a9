#pragma once
// Evaluating layers with their references at build time: what constant folding, the importer and the tests share.
// Works on one graph from one thread.

#include <cstddef>
#include <vector>

#include "engine/graph/graph.h"

namespace vireo::graph {

/// The outputs of one layer whose present inputs are all constants; of one that stands for a branch, the branch's. Empty when an input is not known, an output's
/// extents are not known, or the outputs would take more than `max_bytes`. Throws what the reference throws.
[[nodiscard]] std::vector<ConstantPtr> evaluate_layer(const Graph& graph, LayerId layer, std::size_t max_bytes);

/// The graph that stands for a layer whose operator has a body and whose condition is a constant: it fits the layer's
/// inputs and outputs. Throws Error naming the layer.
[[nodiscard]] Graph body_of(const Graph& graph, LayerId layer);

/// The whole graph on given inputs (one per graph input, in order), layer by layer: one constant per tensor, null for
/// those that no layer writes. Extents that depend on values are inferred on the way. Memory is not a concern here: meant
/// for tests and comparisons.
[[nodiscard]] std::vector<ConstantPtr> evaluate_tensors(Graph graph, const std::vector<ConstantPtr>& inputs);

/// The same: one constant per graph output.
[[nodiscard]] std::vector<ConstantPtr> evaluate_graph(const Graph& graph, const std::vector<ConstantPtr>& inputs);

}  // namespace vireo::graph
