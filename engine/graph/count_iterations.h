#pragma once
// How often a loop runs whose end its data don't decide: those that count, as exporters write them. Any thread.

#include <optional>

#include "engine/graph/graph.h"

namespace vireo::graph {

/// The iterations of a layer whose operator has a body for loops (Operator::loop_body) and whose condition may fail,
/// where that follows from constants: the part of the body that the condition needs is evaluated by the references.
/// Nothing where it doesn't, where that part holds more than small tensors, or takes more than `most` iterations.
[[nodiscard]] std::optional<std::int64_t> count_iterations(const Graph& graph, LayerId layer, std::int64_t most);

}  // namespace vireo::graph
