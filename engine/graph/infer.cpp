// Shape inference: runs an operator's shape rule on a layer and checks what it was given.

#include <utility>

#include "engine/base/text.h"
#include "engine/graph/operator.h"

namespace vireo::graph {

bool InferContext::has_input(int index) const {
  const Layer& l = graph_.layer(layer_);
  return index >= 0 && index < static_cast<int>(l.inputs.size()) && l.inputs[static_cast<std::size_t>(index)] != kNone;
}

DataType InferContext::dtype(int index) const {
  if (!has_input(index)) fail(base::str("input ", index, " is missing"));
  return graph_.tensor(graph_.layer(layer_).inputs[static_cast<std::size_t>(index)]).dtype;
}

const Dims& InferContext::dims(int index) const {
  if (!has_input(index)) fail(base::str("input ", index, " is missing"));
  const Tensor& t = graph_.tensor(graph_.layer(layer_).inputs[static_cast<std::size_t>(index)]);
  return t.ranked ? t.dims : assumed_;
}

const Constant* InferContext::constant(int index) const {
  if (!has_input(index)) return nullptr;
  return graph_.tensor(graph_.layer(layer_).inputs[static_cast<std::size_t>(index)]).constant.get();
}

bool InferContext::integers(int index, std::vector<std::int64_t>& values) const {
  const Constant* value = constant(index);
  if (!value) return false;
  values = to_integers(*value);
  return true;
}

void InferContext::output(int index, DataType dtype, Dims dims) {
  if (index >= 0 && index < output_count()) results_[static_cast<std::size_t>(index)] = {dtype, true, std::move(dims)};
}

void InferContext::output_unranked(int index, DataType dtype) {
  if (index >= 0 && index < output_count()) results_[static_cast<std::size_t>(index)] = {dtype, false, {}};
}

void InferContext::fail(const std::string& why) const {
  base::fail(ErrorCode::invalid_model, describe(graph_, layer_), ": ", why);
}

std::int64_t InferContext::axis(std::int64_t value, int rank) const {
  if (value < -rank || value >= rank) fail(base::str("axis ", value, " is outside a tensor of rank ", rank));
  return value < 0 ? value + rank : value;
}

namespace {

void check_arity(const Graph& graph, LayerId id) {
  const Layer& l = graph.layer(id);
  const Operator& op = *l.op;
  const auto count = [](const std::vector<TensorId>& ids) { return static_cast<int>(ids.size()); };
  const auto most = [](int max) { return max < 0 ? std::string("any number") : std::to_string(max); };
  if (count(l.inputs) < op.min_inputs || (op.max_inputs >= 0 && count(l.inputs) > op.max_inputs))
    base::fail(ErrorCode::invalid_model, describe(graph, id), ": has ", count(l.inputs), " inputs, accepts ",
               op.min_inputs, " to ", most(op.max_inputs));
  if (count(l.outputs) < op.min_outputs || (op.max_outputs >= 0 && count(l.outputs) > op.max_outputs))
    base::fail(ErrorCode::invalid_model, describe(graph, id), ": has ", count(l.outputs), " outputs, accepts ",
               op.min_outputs, " to ", most(op.max_outputs));
  for (int k = 0; k < op.min_inputs; ++k)
    if (l.inputs[static_cast<std::size_t>(k)] == kNone)
      base::fail(ErrorCode::invalid_model, describe(graph, id), ": input ", k, " is missing");
}

}  // namespace

/// Element types don't depend on ranks: those of any rank that the shape rule takes will do.
std::vector<TensorType> Graph::element_types(LayerId id, std::vector<TensorType> types) const {
  for (const std::size_t rank : {4u, 3u, 2u, 1u, 0u, 5u}) {
    std::vector<TensorType> assumed = types;
    InferContext context(*this, id, assumed);
    context.assumed_.assign(rank, kUnknown);
    try {
      layer(id).op->infer(context);
    } catch (const Error&) {
      continue;
    }
    for (std::size_t k = 0; k < types.size(); ++k) types[k].dtype = assumed[k].dtype;
    break;
  }
  return types;
}

std::vector<TensorType> Graph::inferred_bounds(LayerId id) const {
  check_arity(*this, id);
  const Layer& l = layer(id);
  std::vector<TensorType> types;
  for (TensorId output : l.outputs) types.push_back({tensor(output).dtype, false, {}});
  bool ranked = true;
  for (TensorId input : l.inputs) {
    if (input == kNone) continue;
    if (tensor(input).dtype == DataType::undefined) return types;
    ranked = ranked && tensor(input).ranked;
  }
  // After a tensor of unknown rank no shape is known until concrete ones arrive.
  if (!ranked) return element_types(id, std::move(types));
  InferContext context(*this, id, types);
  l.op->infer(context);
  for (const TensorType& type : types) {
    if (!type.ranked || !vireo::is_static(type.dims)) continue;
    try {
      (void)byte_count(type.dtype, type.dims);
    } catch (const Error& error) {
      base::fail(ErrorCode::invalid_model, describe(*this, id), ": ", error.what());
    }
  }
  return types;
}

std::vector<TensorType> Graph::inferred(LayerId id) const {
  std::vector<TensorType> types = inferred_bounds(id);
  const Layer& l = layer(id);
  if (!l.op->late_axis || !types[0].ranked) return types;
  InferContext context(*this, id, types);
  const auto rank = static_cast<int>(types[0].dims.size());
  types[0].dims[static_cast<std::size_t>(context.axis(l.op->late_axis(l.attributes), rank))] = kUnknown;
  return types;
}

void Graph::infer(LayerId id) {
  std::vector<TensorType> types = inferred(id);
  for (std::size_t k = 0; k < types.size(); ++k) {
    Tensor& t = tensor(layer(id).outputs[k]);
    t.dtype = types[k].dtype;
    t.ranked = types[k].ranked;
    t.dims = std::move(types[k].dims);
  }
}

Dims Graph::bound_dims(LayerId id) const { return inferred_bounds(id)[0].dims; }

void Graph::infer_all() {
  for (LayerId id : topological_order()) infer(id);
}

}  // namespace vireo::graph
