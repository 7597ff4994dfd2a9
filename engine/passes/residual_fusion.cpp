// Additions of another tensor of the same shape are computed by the convolution or product before them: before its
// activation when there is none yet (the activation after the addition follows in the next round), else after it.

#include <algorithm>
#include <map>
#include <utility>

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

bool may_take(const Graph& graph, LayerId before, TensorId x) {
  const bool known = is_op(graph, before, "conv") || is_op(graph, before, "gemm") || is_op(graph, before, "matmul");
  return known && used_once(graph, x) && input_of(graph, before, 3) == kNone &&
         graph.layer(before).attributes.text("residual", "").empty();
}

/// How many layers stand before it, then its place in the list: what comes later waits for less when it adds.
using Position = std::pair<int, std::size_t>;

bool fuse(Graph& graph, LayerId id, const std::map<LayerId, Position>& position) {
  const TensorId y = output_of(graph, id);
  const TensorId inputs[2] = {input_of(graph, id, 0), input_of(graph, id, 1)};
  if (inputs[0] == inputs[1] || tensor_of(graph, y).dtype != DataType::float32 ||
      !same_known_dims(graph, inputs[0], inputs[1]))
    return false;
  if (tensor_of(graph, inputs[0]).constant || tensor_of(graph, inputs[1]).constant) return false;
  int chosen = -1;
  Position latest;
  for (const int slot : {0, 1}) {
    const LayerId before = tensor_of(graph, inputs[slot]).producer;
    if (before == kNone || !may_take(graph, before, inputs[slot])) continue;
    const auto place = position.find(before);
    const Position when = place == position.end() ? Position{} : place->second;
    if (chosen >= 0 && when < latest) continue;
    chosen = slot;  // the later one: the other exists by then
    latest = when;
  }
  if (chosen < 0 || !can_redirect(graph, y, inputs[chosen])) return false;
  const LayerId before = tensor_of(graph, inputs[chosen]).producer;
  Attributes& attributes = graph.layer(before).attributes;
  attributes.set("residual", std::string(attributes.text("activation", "").empty() ? "before" : "after"));
  while (graph.layer(before).inputs.size() < 3) graph.add_layer_input(before, kNone);
  if (graph.layer(before).inputs.size() == 3) graph.add_layer_input(before, kNone);
  graph.set_input(before, 3, inputs[1 - chosen]);
  graph.replace_uses(y, inputs[chosen]);
  graph.remove_layer(id);
  graph.infer(before);
  return true;
}

}  // namespace

bool residual_fusion(Graph& graph) {
  bool changed = false;
  const std::vector<LayerId> order = layers_of(graph);
  std::map<LayerId, Position> position;
  for (std::size_t i = 0; i < order.size(); ++i) {
    int level = 0;
    for (const TensorId t : graph.layer(order[i]).inputs)
      if (t != kNone && tensor_of(graph, t).producer != kNone)
        if (const auto before = position.find(tensor_of(graph, t).producer); before != position.end())
          level = std::max(level, before->second.first + 1);
    position[order[i]] = {level, i};
  }
  for (const LayerId id : order)
    if (is_function(graph, id, "binary", "add")) changed = fuse(graph, id, position) || changed;
  return changed;
}

}  // namespace vireo::passes
