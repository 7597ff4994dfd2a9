// Chains of relu and clip become one, where the bounds prove them equal.

#include <algorithm>
#include <limits>

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void set_bounds(Graph& graph, LayerId id, Bounds bounds) {
  Attributes attributes;
  const bool relu = bounds.low == 0 && bounds.high == kInfinity;
  attributes.set("function", std::string(relu ? "relu" : "clip"));
  if (!relu && bounds.low > -kInfinity) attributes.set("min", bounds.low);
  if (!relu && bounds.high < kInfinity) attributes.set("max", bounds.high);
  graph.layer(id).attributes = std::move(attributes);
}

}  // namespace

bool clamps(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph)) {
    const auto second = bounds_of(graph, id);
    if (!second) continue;
    if (function_of(graph, id) == "clip" && second->low == 0 && second->high == kInfinity) {
      set_bounds(graph, id, *second);
      changed = true;
    }
    const LayerId before = producer_of(graph, input_of(graph, id, 0), "unary");
    if (before == kNone || only_reader(graph, output_of(graph, before)) != id) continue;
    const auto first = bounds_of(graph, before);
    if (!first) continue;
    const auto clamp = [&](double value) { return std::min(std::max(value, second->low), second->high); };
    set_bounds(graph, id, {clamp(first->low), clamp(first->high)});
    graph.set_input(id, 0, input_of(graph, before, 0));
    changed = true;
  }
  return changed;
}

}  // namespace vireo::passes
