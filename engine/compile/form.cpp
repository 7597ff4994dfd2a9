#include "engine/compile/form.h"

#include "engine/base/file.h"
#include "engine/base/text.h"
#include "engine/device/opencl/plan_kernel.h"
#include "engine/graph/operator.h"

namespace vireo::compile {
namespace {

// A launch costs a few microseconds; a layer of more elements than this takes much longer.
constexpr double kSmallLayer = 1.5e6;

/// Elements that a layer makes, of an average layer.
double elements_of_layer(const graph::Graph& graph) {
  double elements = 0, layers = 0;
  for (const graph::LayerId id : graph.topological_order()) {
    ++layers;
    for (const graph::TensorId t : graph.layer(id).outputs)
      if (t != graph::kNone && is_static(graph.tensor(t).dims))
        elements += static_cast<double>(element_count(graph.tensor(t).dims));
  }
  return layers > 0 ? elements / layers : 0;
}

}  // namespace

std::string form_key(const graph::Graph& graph) {
  std::string text;
  for (const graph::LayerId id : graph.topological_order()) {
    text += graph.layer(id).op->name;
    for (const auto* list : {&graph.layer(id).inputs, &graph.layer(id).outputs})
      for (const graph::TensorId t : *list)
        if (t != graph::kNone) text += base::str(" ", graph.tensor(t).dims);
    text += "\n";
  }
  return base::str("form ", base::checksum(text.data(), text.size()));
}

bool may_be_plan(const graph::Graph& graph) { return elements_of_layer(graph) < 10 * kSmallLayer; }

std::string_view known_form(const graph::Graph& graph, const CompileOptions& options) {
  if (!options.target->launches_only) return {};
  const plan::Choice* known = options.choices ? known_choice(options, form_key(graph)) : nullptr;
  if (!known) return {};
  return known->tactic == kPlanForm ? kPlanForm : kLaunchForm;
}

std::string_view guessed_form(const graph::Graph& graph) {
  return elements_of_layer(graph) < kSmallLayer ? kPlanForm : kLaunchForm;
}

double plan_compile_seconds(const device::Program& program, const device::Target& target) {
  double seconds = 0;
  for (const auto& segment : program.segments) seconds += device::opencl::compile_seconds(*segment, target.opencl);
  return seconds;
}

}  // namespace vireo::compile
