// Layers whose inputs are all known are computed with their references.

#include "engine/graph/evaluate.h"
#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

constexpr std::size_t kMaxGrowth = 16 << 20;  // bytes that a constant may take beyond what it is computed from
constexpr double kMaxWork = 4e9;              // operations done at build time by one reference

bool all_known(const Graph& graph, const Layer& layer) {
  bool some = false;
  for (const TensorId input : layer.inputs) {
    if (input == kNone) continue;
    if (!tensor_of(graph, input).constant) return false;
    some = true;
  }
  return some;
}

/// The work of those operators that know it; that of the others is bounded by what they read and write.
double work_of(const Graph& graph, LayerId id) {
  const Layer& layer = graph.layer(id);
  graph::Problem problem;
  if (layer.op->flops == nullptr) return 0;
  const auto desc = [&](TensorId tensor) {
    const Tensor& t = tensor_of(graph, tensor);
    return graph::Desc{t.dtype, t.dims, t.dims.empty() ? 1 : t.dims.back(), t.constant};
  };
  for (const TensorId output : layer.outputs)
    if (!tensor_of(graph, output).is_static()) return 0;  // evaluate_layer won't
  problem.op = layer.op;
  problem.attributes = &layer.attributes;
  for (const TensorId input : layer.inputs) problem.inputs.push_back(desc(input));
  for (const TensorId output : layer.outputs) problem.outputs.push_back(desc(output));
  return layer.op->flops(problem);
}

}  // namespace

bool constant_folding(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph)) {
    const Layer& layer = graph.layer(id);
    bool is_output = false;  // outputs stay what a layer writes
    for (const TensorId output : layer.outputs) is_output = is_output || output == kNone || graph.is_output(output);
    // How long a loop takes, only a run tells.
    if (is_output || !layer.op->reference || layer.op->body || layer.op->loop_body || !all_known(graph, layer))
      continue;
    graph.infer(id);
    std::size_t limit = kMaxGrowth;
    for (const TensorId input : layer.inputs)
      if (input != kNone) limit += tensor_of(graph, input).constant->bytes();
    if (work_of(graph, id) > kMaxWork) continue;
    const std::vector<ConstantPtr> values = graph::evaluate_layer(graph, id, limit);
    if (values.empty()) continue;
    const std::vector<TensorId> outputs = layer.outputs;
    graph.remove_layer(id);
    for (std::size_t k = 0; k < values.size(); ++k) graph.make_constant(outputs[k], values[k]);
    changed = true;
  }
  if (changed) graph.infer_all();
  return changed;
}

}  // namespace vireo::passes
