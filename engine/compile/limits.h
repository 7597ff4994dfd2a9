#pragma once
// What a model may ask for (vireo::Limits), checked where it is known: tensors when their extents are, memory when it
// is planned. Errors are out_of_memory and say which tensor or layer, what it takes and which limit to raise.

#include <string>
#include <string_view>

#include "engine/graph/graph.h"

namespace vireo::compile {

/// `what` names the tensor. Extents of 0 count as 1: shape rules calculate with the others.
void check_tensor(DataType dtype, const Dims& dims, std::string_view what, const Limits& limits);
/// The network's inputs, before any shape rule sees their extents.
void check_inputs(const graph::Graph& graph, const Limits& limits);
/// Every tensor whose extents are known.
void check_tensors(const graph::Graph& graph, const Limits& limits);
/// One context's memory; `largest` names what takes most of it.
void check_memory(std::size_t bytes, std::string_view largest, const Limits& limits);

}  // namespace vireo::compile
