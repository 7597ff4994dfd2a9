#pragma once
// Single elements of integer tensors that are not known as a whole, such as a few extents of a shape whose others are
// open. Nothing is guessed: an element is known when everything that it is computed from is. Any thread.

#include <optional>

#include "engine/graph/graph.h"

namespace vireo::importer {

/// The value of a boolean (or number) of one element, if it follows from constants and known extents.
[[nodiscard]] std::optional<bool> known_condition(const graph::Graph& graph, graph::TensorId tensor);

}  // namespace vireo::importer
