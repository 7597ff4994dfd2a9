#include "engine/graph/evaluate.h"

#include <limits>

#include "engine/base/text.h"
#include "engine/graph/operator.h"

namespace vireo::graph {

namespace {

/// A layer that stands for another graph: that graph's outputs.
std::vector<ConstantPtr> evaluate_body(const Graph& graph, LayerId id, std::size_t max_bytes) {
  const Layer& layer = graph.layer(id);
  std::vector<ConstantPtr> values;
  for (const TensorId input : layer.inputs) {
    if (input == kNone || !graph.tensor(input).constant) return {};
    values.push_back(graph.tensor(input).constant);
  }
  const Graph body = layer.op->body(layer.attributes, *values.at(0), values);
  if (body.inputs().size() >= values.size() || body.outputs().size() != layer.outputs.size())
    base::fail(ErrorCode::invalid_model, describe(graph, id), ": its branch has ", body.inputs().size(), " inputs and ",
               body.outputs().size(), " outputs");
  const std::vector<ConstantPtr> inputs(values.begin() + 1,
                                        values.begin() + 1 + static_cast<std::ptrdiff_t>(body.inputs().size()));
  std::vector<ConstantPtr> results = evaluate_graph(body, inputs);
  for (const ConstantPtr& result : results) {
    if (!result || result->bytes() > max_bytes) return {};
    max_bytes -= result->bytes();
  }
  return results;
}

}  // namespace

std::vector<ConstantPtr> evaluate_layer(const Graph& graph, LayerId id, std::size_t max_bytes) {
  const Layer& layer = graph.layer(id);
  if (layer.op->body) return evaluate_body(graph, id, max_bytes);
  if (layer.op->reference == nullptr) return {};
  std::vector<View> inputs;
  for (const TensorId input : layer.inputs) {
    if (input == kNone) {
      inputs.push_back({});
      continue;
    }
    const ConstantPtr& value = graph.tensor(input).constant;
    if (!value) return {};
    alignas(64) static std::byte nothing[64];  // an empty tensor is present all the same
    void* data = value->count() == 0 ? nothing : const_cast<std::byte*>(value->read());
    inputs.push_back({value->dtype, value->dims, data});
  }
  std::size_t budget = max_bytes;
  std::vector<MutableConstant> values;
  std::vector<View> outputs;
  for (const TensorId output : layer.outputs) {
    if (output == kNone) return {};  // references write all their outputs
    const Tensor& tensor = graph.tensor(output);
    if (!tensor.is_static() || size_of(tensor.dtype) == 0) return {};
    const std::size_t bytes = byte_count(tensor.dtype, tensor.dims);
    if (bytes > budget) return {};
    budget -= bytes;
  }
  for (const TensorId output : layer.outputs) {
    const Tensor& tensor = graph.tensor(output);
    values.push_back(new_constant(tensor.dtype, tensor.dims));
    outputs.push_back({tensor.dtype, tensor.dims, values.back().data});
  }
  layer.op->reference({layer.attributes, inputs, outputs});
  std::vector<ConstantPtr> results;
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i].constant->dims = outputs[i].dims;  // smaller than the bound where the extents depend on the data
    results.push_back(values[i].constant);
  }
  return results;
}

std::vector<ConstantPtr> evaluate_tensors(Graph graph, const std::vector<ConstantPtr>& inputs) {
  if (inputs.size() != graph.inputs().size())
    base::fail(ErrorCode::invalid_argument, "evaluate: ", inputs.size(), " inputs given, the network has ",
               graph.inputs().size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Tensor& tensor = graph.tensor(graph.inputs()[i]);
    tensor.dims = inputs[i]->dims;
    tensor.constant = inputs[i];
  }
  for (const LayerId id : graph.topological_order()) {
    graph.infer(id);
    if (graph.layer(id).op->late_axis) graph.tensor(graph.layer(id).outputs[0]).dims = graph.bound_dims(id);
    const std::vector<ConstantPtr> values = evaluate_layer(graph, id, std::numeric_limits<std::size_t>::max());
    if (values.empty() && !graph.layer(id).outputs.empty())
      base::fail(ErrorCode::internal, "evaluate: the outputs of ", describe(graph, id), " are not known");
    for (std::size_t k = 0; k < values.size(); ++k) {
      Tensor& tensor = graph.tensor(graph.layer(id).outputs[k]);
      tensor.constant = values[k];
      tensor.dims = values[k]->dims;
      tensor.ranked = true;
    }
  }
  std::vector<ConstantPtr> results;
  for (TensorId id = 0; id < graph.tensor_count(); ++id) results.push_back(graph.tensor(id).constant);
  return results;
}

std::vector<ConstantPtr> evaluate_graph(const Graph& graph, const std::vector<ConstantPtr>& inputs) {
  const std::vector<ConstantPtr> values = evaluate_tensors(graph, inputs);
  std::vector<ConstantPtr> results;
  for (const Graph::Output& output : graph.outputs())
    results.push_back(values[static_cast<std::size_t>(output.tensor)]);
  return results;
}

}  // namespace vireo::graph
