// Slices that together cut a tensor into neighbouring parts along one axis become a split.

#include <algorithm>
#include <map>

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

struct Part {
  LayerId layer;
  std::int64_t axis, start, end;
};

/// A slice along one axis with step 1.
std::optional<Part> part_of(const Graph& graph, LayerId id) {
  const TensorId x = input_of(graph, id, 0);
  const auto starts = integers_of(graph, input_of(graph, id, 1)), ends = integers_of(graph, input_of(graph, id, 2));
  const TensorId axes_tensor = input_of(graph, id, 3), steps_tensor = input_of(graph, id, 4);
  const auto axes =
      axes_tensor == kNone ? std::optional(std::vector<std::int64_t>{0}) : integers_of(graph, axes_tensor);
  if (!starts || !ends || !axes || starts->size() != 1 || axes->size() != 1 || !tensor_of(graph, x).ranked)
    return std::nullopt;
  if (steps_tensor != kNone && scalar_of(graph, steps_tensor) != 1.0) return std::nullopt;
  const auto rank = static_cast<std::int64_t>(rank_of(graph, x));
  const std::int64_t axis = (*axes)[0] < 0 ? (*axes)[0] + rank : (*axes)[0];
  const std::int64_t extent = tensor_of(graph, x).dims[static_cast<std::size_t>(axis)];
  if (extent < 0) return std::nullopt;
  const auto place = [extent](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + extent : i, 0, extent); };
  const Part part{id, axis, place((*starts)[0]), place((*ends)[0])};
  return part.start < part.end ? std::optional(part) : std::nullopt;
}

bool rewrite(Graph& graph, TensorId x) {
  std::map<std::int64_t, std::vector<Part>> by_axis;
  for (const LayerId reader : tensor_of(graph, x).consumers)
    if (is_op(graph, reader, "slice") && input_of(graph, reader, 0) == x)
      if (const auto part = part_of(graph, reader)) by_axis[part->axis].push_back(*part);
  for (auto& [axis, parts] : by_axis) {
    if (parts.size() < 2) continue;
    std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.start < b.start; });
    std::vector<std::int64_t> sizes;
    std::vector<TensorId> outputs;
    std::int64_t end = 0;
    for (const Part& part : parts) {
      if (part.start != end) break;
      end = part.end;
      sizes.push_back(part.end - part.start);
      outputs.push_back(output_of(graph, part.layer));
    }
    if (sizes.size() != parts.size() || end != tensor_of(graph, x).dims[static_cast<std::size_t>(axis)]) continue;
    Attributes attributes;
    attributes.set("axis", axis);
    attributes.set("split", sizes);
    const std::string name = graph.layer(parts[0].layer).name + ".split";
    for (const Part& part : parts) graph.remove_layer(part.layer);
    graph.infer(graph.add_layer_into(find_op("split"), name, {x}, outputs, std::move(attributes)));
    return true;
  }
  return false;
}

}  // namespace

bool split_from_slices(Graph& graph) {
  bool changed = false;
  const TensorId count = graph.tensor_count();
  for (TensorId id = 0; id < count; ++id)
    while (tensor_of(graph, id).consumers.size() > 1 && rewrite(graph, id)) changed = true;
  return changed;
}

}  // namespace vireo::passes
