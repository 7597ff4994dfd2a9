#pragma once
// A tensor seen as a strided part of another one: through the layers that only move elements (reshape, transpose,
// split, gather of one entry), as far as strides can say what they do. For passes that let a kernel address what was
// moved.

#include <optional>
#include <vector>

#include "engine/passes/edit.h"

namespace vireo::passes {

/// Element (i, j, …) of the tensor is element offset + i strides[0] + j strides[1] + … of `root`.
struct StridedView {
  TensorId root = kNone;
  std::int64_t offset = 0;
  Dims dims, strides;
};

/// Looks back from the tensor as far as it can; the result is the tensor itself at least. Nothing when its extents are
/// unknown.
[[nodiscard]] std::optional<StridedView> view_of(const Graph& graph, TensorId tensor);
/// The same elements under other extents, where strides can say so.
[[nodiscard]] std::optional<StridedView> reshaped_view(const StridedView& view, const Dims& dims);
void swap_axes(StridedView& view, std::size_t a, std::size_t b);

}  // namespace vireo::passes
