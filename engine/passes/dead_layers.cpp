// Layers that no output needs.

#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {

bool dead_layers(Graph& graph) {
  bool changed = false;
  std::vector<LayerId> order = layers_of(graph);
  for (auto id = order.rbegin(); id != order.rend(); ++id) {
    bool needed = false;
    for (const TensorId output : graph.layer(*id).outputs)
      needed = needed || (output != kNone && (!tensor_of(graph, output).consumers.empty() || graph.is_output(output)));
    if (needed) continue;
    graph.remove_layer(*id);
    changed = true;
  }
  return changed;
}

}  // namespace vireo::passes
