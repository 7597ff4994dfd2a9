// Loops that count: once everything is known that their condition needs, so is the number of their iterations, and what
// is behind them is compiled ahead.

#include "engine/graph/count_iterations.h"
#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {

bool loops(Graph& graph) {
  constexpr std::int64_t kMost = 4096;
  bool changed = false;
  for (LayerId id = 0; id < graph.layer_count(); ++id) {
    if (!graph.layer(id).alive() || !graph.layer(id).op->loop_body || graph.layer(id).attributes.has("counted"))
      continue;
    const std::optional<std::int64_t> count = graph::count_iterations(graph, id, kMost);
    if (!count) continue;
    const TensorId trips = graph.add_constant(graph.unique_name(graph.layer(id).name + ".iterations"),
                                              graph::make_constant(DataType::int64, {}, &*count, sizeof *count));
    graph.set_input(id, 0, trips);
    graph.layer(id).attributes.set("counted", std::int64_t{1});
    changed = true;
  }
  if (changed) graph.infer_all();
  return changed;
}

}  // namespace vireo::passes
