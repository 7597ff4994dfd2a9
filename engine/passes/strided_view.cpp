#include "engine/passes/strided_view.h"

#include <utility>

#include "engine/graph/operator.h"

namespace vireo::passes {
namespace {

std::size_t axis_of(const Graph& graph, LayerId id, std::size_t rank) {
  const std::int64_t axis = graph.layer(id).attributes.integer("axis", 0);
  return static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis);
}

std::optional<StridedView> through_transpose(const Graph& graph, LayerId id, StridedView view) {
  const std::vector<std::int64_t> perm = perm_of(graph, id);
  if (perm.size() != view.dims.size()) return std::nullopt;
  const StridedView from = view;
  for (std::size_t i = 0; i < perm.size(); ++i) {
    view.dims[i] = from.dims[static_cast<std::size_t>(perm[i])];
    view.strides[i] = from.strides[static_cast<std::size_t>(perm[i])];
  }
  return view;
}

std::optional<StridedView> through_split(const Graph& graph, LayerId id, TensorId part, StridedView view) {
  const std::size_t axis = axis_of(graph, id, view.dims.size());
  for (const TensorId output : graph.layer(id).outputs) {
    if (output == part) break;
    view.offset += tensor_of(graph, output).dims[axis] * view.strides[axis];
  }
  view.dims[axis] = tensor_of(graph, part).dims[axis];
  return view;
}

std::optional<StridedView> through_gather(const Graph& graph, LayerId id, StridedView view) {
  const std::size_t axis = axis_of(graph, id, view.dims.size());
  const auto entry = integers_of(graph, input_of(graph, id, 1));
  const std::size_t rank = rank_of(graph, input_of(graph, id, 1));
  if (!entry || entry->size() != 1 || rank > 1) return std::nullopt;
  const std::int64_t at = (*entry)[0] < 0 ? (*entry)[0] + view.dims[axis] : (*entry)[0];
  if (at < 0 || at >= view.dims[axis]) return std::nullopt;  // the layer itself reports it
  view.offset += at * view.strides[axis];
  view.dims[axis] = 1;
  if (rank == 1) return view;
  view.dims.erase(view.dims.begin() + static_cast<std::ptrdiff_t>(axis));
  view.strides.erase(view.strides.begin() + static_cast<std::ptrdiff_t>(axis));
  return view;
}

std::optional<StridedView> through(const Graph& graph, TensorId tensor) {
  const LayerId id = tensor_of(graph, tensor).producer;
  if (id == kNone) return std::nullopt;
  const bool reshape = is_op(graph, id, "reshape"), transpose = is_op(graph, id, "transpose"),
             split = is_op(graph, id, "split"), gather = is_op(graph, id, "gather");
  if (!reshape && !transpose && !split && !gather) return std::nullopt;
  for (const TensorId output : graph.layer(id).outputs)
    if (!tensor_of(graph, output).is_static()) return std::nullopt;
  std::optional<StridedView> view = view_of(graph, input_of(graph, id, 0));
  if (!view) return std::nullopt;
  if (transpose) return through_transpose(graph, id, std::move(*view));
  if (split) return through_split(graph, id, tensor, std::move(*view));
  if (gather) return through_gather(graph, id, std::move(*view));
  return reshaped_view(*view, tensor_of(graph, tensor).dims);
}

}  // namespace

std::optional<StridedView> view_of(const Graph& graph, TensorId tensor) {
  if (!tensor_of(graph, tensor).is_static()) return std::nullopt;
  if (auto view = through(graph, tensor)) return view;
  const Dims& dims = tensor_of(graph, tensor).dims;
  StridedView view{.root = tensor, .dims = dims, .strides = Dims(dims.size(), 1)};
  for (std::size_t i = dims.size(); i-- > 1;) view.strides[i - 1] = view.strides[i] * dims[i];
  return view;
}

std::optional<StridedView> reshaped_view(const StridedView& view, const Dims& dims) {
  Dims from, steps;  // without extents of 1, whose strides mean nothing
  for (std::size_t i = 0; i < view.dims.size(); ++i) {
    if (view.dims[i] == 1) continue;
    from.push_back(view.dims[i]);
    steps.push_back(view.strides[i]);
  }
  StridedView result{.root = view.root, .offset = view.offset, .dims = dims, .strides = Dims(dims.size(), 0)};
  std::size_t i = 0, j = 0;
  while (j < dims.size()) {
    if (dims[j] == 1) {
      ++j;
      continue;
    }
    if (i == from.size()) return std::nullopt;
    // The shortest groups of old and new axes with as many elements; the old ones must lie one after the other.
    std::int64_t olds = from[i], news = dims[j];
    std::size_t last_old = i, last_new = j;
    while (olds != news) {
      if (olds < news) {
        if (++last_old == from.size() || steps[last_old - 1] != from[last_old] * steps[last_old]) return std::nullopt;
        olds *= from[last_old];
      } else {
        if (++last_new == dims.size()) return std::nullopt;
        news *= dims[last_new];
      }
    }
    std::int64_t step = steps[last_old];
    for (std::size_t k = last_new + 1; k-- > j; step *= dims[k]) result.strides[k] = step;
    i = last_old + 1;
    j = last_new + 1;
  }
  return i == from.size() ? std::optional(result) : std::nullopt;
}

void swap_axes(StridedView& view, std::size_t a, std::size_t b) {
  std::swap(view.dims[a], view.dims[b]);
  std::swap(view.strides[a], view.strides[b]);
}

}  // namespace vireo::passes
