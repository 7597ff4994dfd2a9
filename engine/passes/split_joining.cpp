// A concat that joins all parts of a split again, in order, among other inputs: it takes the whole tensor instead,
// which can then be written in place, while the other readers of the parts see views. The C2f and CSP blocks of
// detectors are built so.

#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

std::int64_t axis_of(const Graph& graph, LayerId id, std::size_t rank) {
  const std::int64_t axis = graph.layer(id).attributes.integer("axis", 0);
  return axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis;
}

/// The split whose parts are inputs [at, at + parts) of the concat.
LayerId split_at(const Graph& graph, LayerId concat, std::size_t at) {
  const std::vector<TensorId>& inputs = graph.layer(concat).inputs;
  const LayerId split = producer_of(graph, inputs[at], "split");
  if (split == kNone) return kNone;
  const std::vector<TensorId>& parts = graph.layer(split).outputs;
  if (parts.size() > inputs.size() - at || !tensor_of(graph, inputs[at]).ranked) return kNone;
  for (std::size_t k = 0; k < parts.size(); ++k)
    if (inputs[at + k] != parts[k]) return kNone;
  const std::size_t rank = rank_of(graph, inputs[at]);
  return axis_of(graph, split, rank) == axis_of(graph, concat, rank) ? split : kNone;
}

bool rewrite(Graph& graph, LayerId concat) {
  for (std::size_t at = 0; at < graph.layer(concat).inputs.size(); ++at) {
    const LayerId split = split_at(graph, concat, at);
    if (split == kNone) continue;
    std::vector<TensorId> inputs = graph.layer(concat).inputs;
    const auto first = inputs.begin() + static_cast<std::ptrdiff_t>(at);
    inputs.erase(first + 1, first + static_cast<std::ptrdiff_t>(graph.layer(split).outputs.size()));
    inputs[at] = input_of(graph, split, 0);
    replace_layer(graph, concat, "concat", std::move(inputs), graph.layer(concat).attributes);
    return true;
  }
  return false;
}

}  // namespace

bool split_joining(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph))
    if (is_op(graph, id, "concat")) changed = rewrite(graph, id) || changed;
  return changed;
}

}  // namespace vireo::passes
