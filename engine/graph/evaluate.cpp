#include "engine/graph/evaluate.h"

#include <limits>

#include "engine/base/text.h"
#include "engine/graph/operator.h"

namespace vireo::graph {

namespace {

bool fits(const Dims& declared, const Dims& dims) {
  bool same = declared.size() == dims.size();
  for (std::size_t i = 0; same && i < dims.size(); ++i)
    same = declared[i] == dims[i] || declared[i] == kUnknown || dims[i] == kUnknown;
  return same;
}

/// A branch was read with what was known of its inputs then: that still holds.
void check_input(const Graph& graph, LayerId id, std::size_t slot, const Tensor& inside) {
  const TensorId input = slot < graph.layer(id).inputs.size() ? graph.layer(id).inputs[slot] : kNone;
  if (input == kNone) base::fail(ErrorCode::invalid_model, "its branch reads input ", slot, ", which is missing");
  const Tensor& outside = graph.tensor(input);
  if ((outside.dtype != DataType::undefined && outside.dtype != inside.dtype) ||
      (outside.ranked && !fits(inside.dims, outside.dims)))
    base::fail(ErrorCode::invalid_model, "its branch takes ", inside.dtype, " ", inside.dims, " for input ", slot);
}

/// A layer that stands for another graph: that graph's outputs.
std::vector<ConstantPtr> evaluate_body(const Graph& graph, LayerId id, std::size_t max_bytes) {
  const Layer& layer = graph.layer(id);
  std::vector<ConstantPtr> values;
  for (const TensorId input : layer.inputs) {
    if (input == kNone || !graph.tensor(input).constant) return {};
    values.push_back(graph.tensor(input).constant);
  }
  const Graph body = body_of(graph, id);
  const auto first = values.begin() + 1;
  std::vector<ConstantPtr> results =
      evaluate_graph(body, {first, first + static_cast<std::ptrdiff_t>(body.inputs().size())});
  for (const ConstantPtr& result : results) {
    if (!result || result->bytes() > max_bytes) return {};
    max_bytes -= result->bytes();
  }
  return results;
}

}  // namespace

Graph body_of(const Graph& graph, LayerId id) {
  const Layer& layer = graph.layer(id);
  std::vector<ConstantPtr> values;
  for (const TensorId input : layer.inputs) values.push_back(input == kNone ? nullptr : graph.tensor(input).constant);
  try {
    if (values.empty() || !values[0]) base::fail(ErrorCode::internal, "its condition is not known");
    Graph body = layer.op->body(layer.attributes, *values[0], values);
    if (body.outputs().size() != layer.outputs.size())
      base::fail(ErrorCode::invalid_model, "its branch has ", body.outputs().size(), " outputs, the layer ",
                 layer.outputs.size());
    for (std::size_t k = 0; k < body.inputs().size(); ++k) check_input(graph, id, k + 1, body.tensor(body.inputs()[k]));
    return body;
  } catch (const Error& error) {
    base::fail(error.code(), describe(graph, id), ": ", error.what());
  }
}

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
    if (tensor.dtype != inputs[i]->dtype || !fits(tensor.dims, inputs[i]->dims))
      base::fail(ErrorCode::invalid_argument, "evaluate: input '", tensor.name, "' takes ", tensor.dtype, " ",
                 tensor.dims, ", not ", inputs[i]->dtype, " ", inputs[i]->dims);
    tensor.dims = inputs[i]->dims;
    tensor.constant = inputs[i];
  }
  for (const LayerId id : graph.topological_order()) {
    graph.infer(id);
    if (graph.layer(id).op->data_dependent_axis) graph.tensor(graph.layer(id).outputs[0]).dims = graph.bound_dims(id);
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
