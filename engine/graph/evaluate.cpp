#include "engine/graph/evaluate.h"

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

/// What was known of the inputs when the branch was read must still hold.
void check_input(const Graph& graph, LayerId id, std::size_t slot, const Tensor& inside) {
  const TensorId input = slot < graph.layer(id).inputs.size() ? graph.layer(id).inputs[slot] : kNone;
  if (input == kNone) base::fail(ErrorCode::invalid_model, "its branch reads input ", slot, ", which is missing");
  const Tensor& outside = graph.tensor(input);
  if ((outside.dtype != DataType::undefined && outside.dtype != inside.dtype) ||
      (outside.ranked && inside.ranked && !fits(inside.dims, outside.dims)))
    base::fail(ErrorCode::invalid_model, "its branch takes ", inside.dtype, " ", inside.dims, " for input ", slot);
}

/// For a layer that stands for another graph, that graph's outputs.
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

/// For a layer whose outputs get their extents as they are computed.
std::vector<ConstantPtr> evaluate_open(const Graph& graph, LayerId id, std::size_t max_bytes) {
  struct TooLarge {};
  alignas(64) static std::byte nothing[64];  // an empty tensor is present all the same
  const Layer& layer = graph.layer(id);
  std::vector<View> inputs;
  for (const TensorId input : layer.inputs) {
    inputs.emplace_back();
    if (input == kNone) continue;
    const ConstantPtr& value = graph.tensor(input).constant;
    if (!value) return {};
    inputs.back() = {value->dtype, value->dims, value->count() == 0 ? nothing : const_cast<std::byte*>(value->read())};
  }
  std::vector<ConstantPtr> results(layer.outputs.size());
  const auto place = [&](std::size_t k, const Dims& dims) -> void* {
    const DataType dtype = graph.tensor(layer.outputs[k]).dtype;
    const std::size_t bytes = byte_count(dtype, dims);
    if (bytes > max_bytes) throw TooLarge{};
    max_bytes -= bytes;
    const MutableConstant made = new_constant(dtype, dims);
    results[k] = made.constant;
    return bytes ? made.data : nothing;
  };
  try {
    layer.op->evaluate_open(layer.attributes, inputs, place);
  } catch (const TooLarge&) {
    return {};
  } catch (const Error& error) {
    base::fail(error.code(), describe(graph, id), ": ", error.what());
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

std::vector<Dims> run_reference(const Problem& problem, const void* const* inputs, void* const* outputs) {
  alignas(64) static std::byte nothing[64];  // an empty tensor is present all the same
  const auto view = [](const Desc& desc, void* data) -> View {
    if (!desc.present()) return {};
    return {desc.dtype, desc.dims, desc.count() == 0 ? nothing : data};
  };
  std::vector<View> from, to;
  for (std::size_t k = 0; k < problem.inputs.size(); ++k)
    from.push_back(view(problem.inputs[k], const_cast<void*>(inputs[k])));
  for (std::size_t k = 0; k < problem.outputs.size(); ++k) to.push_back(view(problem.outputs[k], outputs[k]));
  problem.op->reference({*problem.attributes, from, to});
  std::vector<Dims> dims;
  for (View& written : to) dims.push_back(std::move(written.dims));
  return dims;
}

std::vector<ConstantPtr> evaluate_layer(const Graph& graph, LayerId id, std::size_t max_bytes) {
  const Layer& layer = graph.layer(id);
  if (layer.op->body) return evaluate_body(graph, id, max_bytes);
  if (layer.op->evaluate_open) return evaluate_open(graph, id, max_bytes);
  if (layer.op->reference == nullptr) return {};
  Problem problem{.op = layer.op, .attributes = &layer.attributes};
  std::size_t budget = max_bytes;
  for (const TensorId output : layer.outputs) {
    if (output == kNone) return {};  // references write all their outputs
    const Tensor& tensor = graph.tensor(output);
    if (!tensor.is_static() || size_of(tensor.dtype) == 0) return {};
    const std::size_t bytes = byte_count(tensor.dtype, tensor.dims);
    if (bytes > budget) return {};
    budget -= bytes;
    problem.outputs.push_back({.dtype = tensor.dtype, .dims = tensor.dims});
  }
  for (const TensorId input : layer.inputs) {
    problem.inputs.emplace_back();
    if (input == kNone) continue;
    const ConstantPtr& value = graph.tensor(input).constant;
    if (!value) return {};
    problem.inputs.back() = {.dtype = value->dtype, .dims = value->dims};
  }
  std::vector<const void*> from;
  for (const TensorId input : layer.inputs)
    from.push_back(input == kNone ? nullptr : graph.tensor(input).constant->read());
  std::vector<MutableConstant> values;
  std::vector<void*> to;
  for (const Desc& output : problem.outputs) {
    values.push_back(new_constant(output.dtype, output.dims));
    to.push_back(values.back().data);
  }
  const std::vector<Dims> dims = run_reference(problem, from.data(), to.data());
  std::vector<ConstantPtr> results;
  for (std::size_t k = 0; k < values.size(); ++k) {
    values[k].constant->dims = dims[k];
    results.push_back(values[k].constant);
  }
  return results;
}

std::vector<ConstantPtr> evaluate_tensors(Graph graph, const std::vector<ConstantPtr>& inputs,
                                          const ReplaceValue& replace, std::size_t max_layer_bytes) {
  if (inputs.size() != graph.inputs().size())
    base::fail(ErrorCode::invalid_argument, "evaluate: ", inputs.size(), " inputs given, the network has ",
               graph.inputs().size());
  const auto final = [&](const Layer* layer, const ConstantPtr& value) {
    return replace ? replace(graph, layer, value) : value;
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Tensor& tensor = graph.tensor(graph.inputs()[i]);
    if (tensor.dtype != inputs[i]->dtype || (tensor.ranked && !fits(tensor.dims, inputs[i]->dims)))
      base::fail(ErrorCode::invalid_argument, "evaluate: input '", tensor.name, "' takes ", tensor.dtype, " ",
                 tensor.dims, ", not ", inputs[i]->dtype, " ", inputs[i]->dims);
    tensor.dims = inputs[i]->dims;
    tensor.ranked = true;
    tensor.constant = final(nullptr, inputs[i]);
  }
  for (const LayerId id : graph.topological_order()) {
    graph.infer(id);
    const Layer& layer = graph.layer(id);
    if (layer.op->data_dependent_axis) graph.tensor(layer.outputs[0]).dims = graph.bound_dims(id);
    const std::vector<ConstantPtr> values = evaluate_layer(graph, id, max_layer_bytes);
    if (values.empty() && !layer.outputs.empty())
      base::fail(ErrorCode::internal, "evaluate: the outputs of ", describe(graph, id), " are not known");
    for (std::size_t k = 0; k < values.size(); ++k) {
      Tensor& tensor = graph.tensor(layer.outputs[k]);
      tensor.constant = final(&layer, values[k]);
      tensor.dims = values[k]->dims;
      tensor.ranked = true;
    }
  }
  std::vector<ConstantPtr> results;
  for (TensorId id = 0; id < graph.tensor_count(); ++id) results.push_back(graph.tensor(id).constant);
  return results;
}

std::vector<ConstantPtr> evaluate_graph(const Graph& graph, const std::vector<ConstantPtr>& inputs,
                                        const ReplaceValue& replace, std::size_t max_layer_bytes) {
  const std::vector<ConstantPtr> values = evaluate_tensors(graph, inputs, replace, max_layer_bytes);
  std::vector<ConstantPtr> results;
  for (const Graph::Output& output : graph.outputs())
    results.push_back(values[static_cast<std::size_t>(output.tensor)]);
  return results;
}

}  // namespace vireo::graph
