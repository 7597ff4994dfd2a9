// Layers whose inputs are all known are computed with their references.

#include "engine/graph/evaluate.h"
#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

constexpr std::size_t kMaxGrowth = 16 << 20;  // a constant may be so many bytes larger than what it is computed from
constexpr double kMaxProducts = 2e9;          // multiplications done at build time by one reference

bool all_known(const Graph& graph, const Layer& layer) {
  bool some = false;
  for (const TensorId input : layer.inputs) {
    if (input == kNone) continue;
    if (!tensor_of(graph, input).constant) return false;
    some = true;
  }
  return some;
}

/// A bound of the work of those operators whose work is not their size.
double products(const Graph& graph, LayerId id) {
  const Layer& layer = graph.layer(id);
  if (!is_op(graph, id, "conv") && !is_op(graph, id, "conv_transpose") && !is_op(graph, id, "matmul") &&
      !is_op(graph, id, "gemm"))
    return 0;
  const Tensor& output = tensor_of(graph, layer.outputs[0]);
  const Constant* weights = constant_of(graph, layer.inputs[1]);
  if (!output.is_static() || weights->dims.empty()) return 0;
  const bool product = is_op(graph, id, "matmul") || is_op(graph, id, "gemm");
  const Dims& a = tensor_of(graph, layer.inputs[0]).dims;
  const std::int64_t depth = product ? (a.empty() ? 1 : std::max(a.back(), a[a.size() > 1 ? a.size() - 2 : 0]))
                                     : weights->count() / std::max<std::int64_t>(1, weights->dims[0]);
  return static_cast<double>(element_count(output.dims)) * static_cast<double>(depth);
}

}  // namespace

bool constant_folding(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph)) {
    const Layer& layer = graph.layer(id);
    bool is_output = false;  // outputs stay what a layer writes
    for (const TensorId output : layer.outputs) is_output = is_output || output == kNone || graph.is_output(output);
    if (is_output || layer.op->reference == nullptr || !all_known(graph, layer)) continue;
    graph.infer(id);
    std::size_t limit = kMaxGrowth;
    for (const TensorId input : layer.inputs)
      if (input != kNone) limit += tensor_of(graph, input).constant->bytes();
    if (products(graph, id) > kMaxProducts) continue;
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
