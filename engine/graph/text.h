#pragma once
// Networks as text, one line a thing; what plans store, tests compare and `vireo inspect` shows. Grammar:
//
//   graph "name"
//   meta "key" "value"
//   input "x" float32 1x3x?x? "batch" "" "height" "width"          (symbols optional; scalar dims: "scalar")
//   const "w" float32 8x3x3x3 @4096 1f83d9abfb41bd6b               (byte offset into the weights; their checksum, in
//   plans) const "shape" int64 2 = 1 -1                                    (small integers inline; reals too) "y" =
//   conv("x", "w", -, "r") {activation="relu", strides=[2, 2]} "layer name" output "y" "public name"
//
// Behind # until the end of the line is a comment; dump adds the inferred type there.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/graph/graph.h"

namespace vireo::graph {

/// Where a constant goes that is not written inline: returns its byte offset.
using StoreConstant = std::function<std::size_t(const ConstantPtr&)>;
/// The constant at a byte offset; the name is for errors. Throws Error when it lies outside.
using FetchConstant = std::function<ConstantPtr(const std::string& name, DataType, const Dims&, std::size_t offset,
                                                std::optional<std::uint64_t> checksum)>;
using FindOperator = std::function<const Operator*(std::string_view)>;

/// Without `store`, large constants are written as `@?` (for reading, not for parsing).
[[nodiscard]] std::string dump_text(const Graph& graph, const StoreConstant& store = {});

/// Throws Error(invalid_model) naming line and what was expected. Infers all types and verifies.
[[nodiscard]] Graph parse_text(std::string_view text, const FindOperator& find, const FetchConstant& fetch = {});

}  // namespace vireo::graph
