// Squeeze, unsqueeze and flatten become reshapes with constant shapes; chains of reshapes become one.

#include <algorithm>

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

using Shape = std::vector<std::int64_t>;

/// For each output axis the input axis that has the same extent, -1 where there is none (extent 1, or a product).
std::optional<Shape> sources_of(const Graph& graph, LayerId id) {
  const Layer& layer = graph.layer(id);
  const Tensor& x = tensor_of(graph, layer.inputs[0]);
  const Tensor& y = tensor_of(graph, layer.outputs[0]);
  if (!x.ranked || !y.ranked) return std::nullopt;
  const auto rank = static_cast<std::int64_t>(x.dims.size());
  if (layer.op->name == "flatten") {
    std::int64_t axis = layer.attributes.integer("axis", 1);
    if (axis < 0) axis += rank;
    return Shape{axis == 1 ? 0 : -1, axis == rank - 1 ? axis : -1};
  }
  std::vector<std::int64_t> axes;
  const bool squeezing = layer.op->name == "squeeze";
  if (input_of(graph, id, 1) != kNone) {
    const auto given = integers_of(graph, layer.inputs[1]);
    if (!given) return std::nullopt;
    axes = *given;
  } else {
    if (!x.is_static()) return std::nullopt;
    for (std::int64_t i = 0; i < rank; ++i)
      if (x.dims[static_cast<std::size_t>(i)] == 1) axes.push_back(i);
  }
  const std::int64_t wide = squeezing ? rank : static_cast<std::int64_t>(y.dims.size());
  std::vector<bool> chosen(static_cast<std::size_t>(wide));
  for (const std::int64_t axis : axes) chosen[static_cast<std::size_t>(axis < 0 ? axis + wide : axis)] = true;
  Shape sources;
  std::int64_t next = 0;
  for (std::int64_t i = 0; i < wide; ++i) {
    const bool is_chosen = chosen[static_cast<std::size_t>(i)];
    if (squeezing) {
      if (!is_chosen) sources.push_back(i);
    } else {
      sources.push_back(is_chosen ? -1 : next++);
    }
  }
  return sources;
}

bool to_reshape(Graph& graph, LayerId id) {
  const auto sources = sources_of(graph, id);
  if (!sources) return false;
  const TensorId x = input_of(graph, id, 0);
  const Dims dims = tensor_of(graph, output_of(graph, id)).dims;
  if (sources->size() != dims.size() || std::find(dims.begin(), dims.end(), 0) != dims.end()) return false;
  Shape shape;
  int inferred = 0;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const bool copied = (*sources)[i] == static_cast<std::int64_t>(i);
    shape.push_back(dims[i] >= 0 ? dims[i] : copied ? 0 : -1);
    inferred += shape.back() == -1 ? 1 : 0;
  }
  if (inferred > 1) return false;
  const TensorId constant = add_integers(graph, graph.layer(id).name + ".shape", shape);
  replace_layer(graph, id, "reshape", {x, constant}, {});
  return true;
}

/// reshape(reshape(x, first), second) = reshape(x, merged)
bool merge(Graph& graph, LayerId id) {
  const LayerId before = producer_of(graph, input_of(graph, id, 0), "reshape");
  if (before == kNone || graph.layer(id).attributes.integer("allowzero", 0) != 0) return false;
  const auto second = integers_of(graph, input_of(graph, id, 1));
  if (!second) return false;
  const Tensor& between = tensor_of(graph, input_of(graph, id, 0));
  const auto first = integers_of(graph, input_of(graph, before, 1));
  const bool may_copy = first && graph.layer(before).attributes.integer("allowzero", 0) == 0;
  Shape shape = *second;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 0) continue;
    if (i >= between.dims.size()) return false;
    if (between.dims[i] > 0) {
      shape[i] = between.dims[i];
    } else if (!(may_copy && (*first)[i] == 0)) {
      return false;
    }
  }
  const TensorId x = input_of(graph, before, 0);
  if (shape != *second) graph.set_input(id, 1, add_integers(graph, graph.layer(id).name + ".shape", shape));
  graph.set_input(id, 0, x);
  graph.infer(id);
  return true;
}

}  // namespace

bool reshapes(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph)) {
    const std::string_view op = graph.layer(id).op->name;
    if (op == "squeeze" || op == "unsqueeze" || op == "flatten") changed = to_reshape(graph, id) || changed;
  }
  for (const LayerId id : layers_of(graph))
    if (is_op(graph, id, "reshape")) changed = merge(graph, id) || changed;
  return changed;
}

}  // namespace vireo::passes
