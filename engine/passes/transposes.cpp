// Chains of transposes become one; a transpose that only moves extents of 1 is a reshape.

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

bool merge(Graph& graph, LayerId id) {
  const LayerId before = producer_of(graph, input_of(graph, id, 0), "transpose");
  if (before == kNone) return false;
  const std::vector<std::int64_t> first = perm_of(graph, before);
  std::vector<std::int64_t> perm = perm_of(graph, id);
  if (perm.empty() || first.size() != perm.size()) return false;
  for (std::int64_t& axis : perm) axis = first[static_cast<std::size_t>(axis)];
  graph.layer(id).attributes.set("perm", perm);
  graph.set_input(id, 0, input_of(graph, before, 0));
  graph.infer(id);
  return true;
}

bool to_reshape(Graph& graph, LayerId id) {
  const TensorId x = input_of(graph, id, 0);
  const Tensor& info = tensor_of(graph, x);
  const std::vector<std::int64_t> perm = perm_of(graph, id);
  if (!info.ranked || perm.size() != info.dims.size()) return false;
  std::int64_t last = -1;
  int inferred = 0;
  std::vector<std::int64_t> shape;
  for (std::size_t i = 0; i < perm.size(); ++i) {
    const std::int64_t extent = info.dims[static_cast<std::size_t>(perm[i])];
    if (extent == 0) return false;
    shape.push_back(extent > 0 ? extent : perm[i] == static_cast<std::int64_t>(i) ? 0 : -1);
    inferred += shape.back() == -1 ? 1 : 0;
    if (extent == 1) continue;
    if (perm[i] < last) return false;
    last = perm[i];
  }
  if (inferred > 1) return false;
  const TensorId constant = add_integers(graph, graph.layer(id).name + ".shape", shape);
  replace_layer(graph, id, "reshape", {x, constant}, {});
  return true;
}

}  // namespace

bool transposes(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph)) {
    if (!is_op(graph, id, "transpose")) continue;
    changed = merge(graph, id) || changed;
    changed = to_reshape(graph, id) || changed;
  }
  return changed;
}

}  // namespace vireo::passes
