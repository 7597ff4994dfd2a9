// The invariants every pass must leave true.

#include <algorithm>

#include "engine/base/text.h"
#include "engine/graph/operator.h"

namespace vireo::graph {
namespace {

template <typename... What>
void check(bool good, const What&... what) {
  if (!good) base::fail(ErrorCode::internal, "graph is inconsistent: ", what...);
}

bool has_value(const Tensor& t) { return t.producer != kNone || t.constant || t.is_input; }

/// Which layer reads which tensor, once for each slot, in order.
using Reads = std::vector<std::pair<TensorId, LayerId>>;

/// The layers' side: ids, and that each output knows the layer that writes it.
Reads check_layers(const Graph& graph) {
  Reads reads;
  const auto valid = [&graph](TensorId id) { return id >= 0 && id < graph.tensor_count(); };
  for (LayerId id = 0; id < graph.layer_count(); ++id) {
    const Layer& l = graph.layer(id);
    if (!l.alive()) continue;
    for (TensorId input : l.inputs) {
      if (input == kNone) continue;
      check(valid(input), "layer '", l.name, "' reads tensor ", input);
      check(has_value(graph.tensor(input)), "'", graph.tensor(input).name, "', read by '", l.name, "', has no value");
      reads.emplace_back(input, id);
    }
    for (TensorId output : l.outputs) {
      check(valid(output), "layer '", l.name, "' writes tensor ", output);
      const Tensor& t = graph.tensor(output);
      check(t.producer == id, "'", t.name, "' doesn't know its producer '", l.name, "'");
      check(!t.constant, "'", t.name, "' is constant and produced");
      check(!t.is_input, "'", t.name, "' is an input of the network and produced");
    }
  }
  return reads;
}

/// The tensors' side.
Reads check_tensors(const Graph& graph) {
  Reads reads;
  for (TensorId id = 0; id < graph.tensor_count(); ++id) {
    const Tensor& t = graph.tensor(id);
    if (t.producer != kNone) {
      check(t.producer >= 0 && t.producer < graph.layer_count() && graph.layer(t.producer).alive(), "'", t.name,
            "' is produced by a removed layer");
      const auto& outputs = graph.layer(t.producer).outputs;
      check(std::count(outputs.begin(), outputs.end(), id) == 1, "'", t.name, "' isn't one output of '",
            graph.layer(t.producer).name, "'");
    }
    for (LayerId consumer : t.consumers) reads.emplace_back(id, consumer);
    if (t.constant)
      check(t.ranked && t.dtype == t.constant->dtype && t.dims == t.constant->dims, "type of constant '", t.name, "'");
  }
  return reads;
}

void check_ends(const Graph& graph) {
  std::vector<std::int32_t> uses(static_cast<std::size_t>(graph.tensor_count()), 0);
  for (const Graph::Output& output : graph.outputs()) {
    check(output.tensor >= 0 && output.tensor < graph.tensor_count(), "output '", output.name, "' is tensor ",
          output.tensor);
    check(has_value(graph.tensor(output.tensor)), "output '", output.name, "' has no value");
    ++uses[static_cast<std::size_t>(output.tensor)];
  }
  std::size_t inputs = 0;
  for (TensorId id = 0; id < graph.tensor_count(); ++id) {
    const Tensor& t = graph.tensor(id);
    check(t.output_uses == uses[static_cast<std::size_t>(id)], "'", t.name, "' is ", uses[static_cast<std::size_t>(id)],
          " outputs and counts ", t.output_uses);
    inputs += t.is_input ? 1 : 0;
  }
  check(inputs == graph.inputs().size(), "the network has ", graph.inputs().size(), " inputs, ", inputs,
        " tensors say that they are one");
  for (TensorId input : graph.inputs()) check(graph.tensor(input).is_input, "input '", graph.tensor(input).name, "'");
}

/// Tensors may say less than the rules do, or more (found another way), but nothing that contradicts them.
void check_types(const Graph& graph, LayerId id) {
  const Layer& l = graph.layer(id);
  const std::vector<TensorType> types = graph.inferred(id);
  for (std::size_t k = 0; k < types.size(); ++k) {
    const Tensor& t = graph.tensor(l.outputs[k]);
    const TensorType& rule = types[k];
    if (rule.dtype == DataType::undefined || t.dtype == DataType::undefined) continue;
    bool fits = t.dtype == rule.dtype;
    if (t.ranked && rule.ranked) {
      fits = fits && t.dims.size() == rule.dims.size();
      for (std::size_t i = 0; fits && i < t.dims.size(); ++i)
        fits = t.dims[i] == rule.dims[i] || t.dims[i] == kUnknown || rule.dims[i] == kUnknown;
    }
    check(fits, describe(graph, id), " gives ", rule.dtype, " ", rule.ranked ? to_string(rule.dims) : "of any rank",
          "; '", t.name, "' is ", t.dtype, " ", t.ranked ? to_string(t.dims) : "of any rank");
  }
}

}  // namespace

void Graph::verify() const {
  Reads of_layers = check_layers(*this), of_tensors = check_tensors(*this);
  std::sort(of_layers.begin(), of_layers.end());
  std::sort(of_tensors.begin(), of_tensors.end());
  if (of_layers != of_tensors) {
    std::size_t i = 0;
    while (i < of_layers.size() && i < of_tensors.size() && of_layers[i] == of_tensors[i]) ++i;
    const TensorId at = i < of_layers.size() ? of_layers[i].first : of_tensors[i].first;
    check(false, "consumers of '", tensor(at).name, "' and inputs of layers disagree");
  }
  check_ends(*this);
  for (LayerId id : topological_order()) check_types(*this, id);
}

}  // namespace vireo::graph
