#pragma once
// Small layers that the handlers of transformers' operators are built of. Extents that aren't known at import are
// computed by layers. Free functions over one Node, as handlers are.

#include <string_view>
#include <vector>

#include "engine/import/onnx/node.h"

namespace vireo::importer {

/// Extent of an axis as an int64 vector of one element; a constant where it is known.
[[nodiscard]] TensorId extent(Node& node, TensorId x, int axis);
/// The same as a number, kUnknown where it isn't known.
[[nodiscard]] std::int64_t known_extent(Node& node, TensorId x, int axis);
[[nodiscard]] TensorId transposed(Node& node, TensorId x, const std::vector<std::int64_t>& perm);
[[nodiscard]] TensorId concatenated(Node& node, std::vector<TensorId> parts, int axis);
/// Entries [begin, end) of one axis; either may count from the end.
[[nodiscard]] TensorId sliced(Node& node, TensorId x, int axis, std::int64_t begin, std::int64_t end);
[[nodiscard]] TensorId sliced(Node& node, TensorId x, int axis, TensorId begin, TensorId end);
[[nodiscard]] std::vector<TensorId> parts_of(Node& node, TensorId x, int axis, const std::vector<std::int64_t>& sizes);
[[nodiscard]] TensorId gathered(Node& node, TensorId x, TensorId indices, int axis = 0);
/// Index `at` of an axis, which goes.
[[nodiscard]] TensorId entry(Node& node, TensorId x, int axis, std::int64_t at);
[[nodiscard]] TensorId unsqueezed(Node& node, TensorId x, const std::vector<std::int64_t>& axes);
[[nodiscard]] TensorId reduced(Node& node, std::string_view mode, TensorId x, const std::vector<std::int64_t>& axes,
                               bool keep = true);
[[nodiscard]] TensorId selected(Node& node, TensorId condition, TensorId yes, TensorId no);
/// 0, 1, … as many as the vector of one element says.
[[nodiscard]] TensorId counted(Node& node, TensorId count);
/// x padded with zeros behind along an axis to `to` entries (a vector of one element), where it has fewer.
[[nodiscard]] TensorId padded_to(Node& node, TensorId x, int axis, TensorId to);
/// [batch, entries, heads * depth] to [batch, heads, entries, depth], and back.
[[nodiscard]] TensorId heads_apart(Node& node, TensorId x, std::int64_t heads);
[[nodiscard]] TensorId heads_together(Node& node, TensorId x);
/// (x + bias), where there is one.
[[nodiscard]] TensorId biased(Node& node, TensorId x, TensorId bias);
/// The attribute as ONNX numbers types, or `fallback` where it is absent; refuses types that aren't floating-point.
[[nodiscard]] DataType float_attribute(Node& node, std::string_view name, DataType fallback);

}  // namespace vireo::importer
