// Shape inference: runs an operator's shape rule on a layer and checks what it was given.

#include <algorithm>
#include <optional>
#include <set>
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
  const Tensor& tensor = graph_.tensor(graph_.layer(layer_).inputs[static_cast<std::size_t>(index)]);
  return tensor.ranked ? tensor.dims : assumed_;
}

const Constant* InferContext::constant(int index) const {
  if (!has_input(index)) return nullptr;
  return graph_.tensor(graph_.layer(layer_).inputs[static_cast<std::size_t>(index)]).constant.get();
}

ConstantPtr InferContext::value(int index) const {
  if (!has_input(index)) return nullptr;
  return graph_.tensor(graph_.layer(layer_).inputs[static_cast<std::size_t>(index)]).constant;
}

bool InferContext::ranked(int index) const {
  return has_input(index) && graph_.tensor(graph_.layer(layer_).inputs[static_cast<std::size_t>(index)]).ranked;
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

/// What two answers of a rule agree on.
void keep_common(TensorType& known, const TensorType& other) {
  if (!known.ranked || !other.ranked || known.dims.size() != other.dims.size()) {
    known.ranked = false;
    known.dims.clear();
    return;
  }
  for (std::size_t i = 0; i < known.dims.size(); ++i)
    if (known.dims[i] != other.dims[i]) known.dims[i] = kUnknown;
}

/// What the rule says whatever rank a tensor of unknown rank has: element types, and the extents of such as reshapes to
/// a known shape. Where there are several such tensors, whose ranks may differ, or where the rule asks for one rank,
/// only element types are taken from it: passes expect to know the ranks that decide how a layer works.
std::vector<TensorType> types_of_any_rank(const Graph& graph, LayerId id, std::vector<TensorType> unknown) {
  std::set<TensorId> unranked;
  for (const TensorId input : graph.layer(id).inputs)
    if (input != kNone && !graph.tensor(input).ranked) unranked.insert(input);
  std::optional<std::vector<TensorType>> known;
  int accepted = 0;
  for (const std::size_t rank : {4, 3, 2, 1, 5, 0, 6, 7, 8}) {
    std::vector<TensorType> types = unknown;
    try {
      InferContext context(graph, id, types, Dims(rank, kUnknown));
      graph.layer(id).op->infer(context);
    } catch (const Error&) {
      continue;
    }
    if (unranked.size() > 1)
      for (TensorType& type : types) type = {type.dtype, false, {}};
    ++accepted;
    if (known)
      for (std::size_t k = 0; k < types.size(); ++k) keep_common((*known)[k], types[k]);
    else known = std::move(types);
    if (std::none_of(known->begin(), known->end(), [](const TensorType& type) { return type.ranked; })) break;
  }
  if (accepted == 1)
    for (TensorType& type : *known) type = {type.dtype, false, {}};
  return known ? *known : unknown;
}

}  // namespace

std::vector<TensorType> Graph::inferred_bounds(LayerId id) const {
  check_arity(*this, id);
  const Layer& l = layer(id);
  std::vector<TensorType> types;
  for (TensorId output : l.outputs) types.push_back({tensor(output).dtype, false, {}});
  for (TensorId input : l.inputs)
    if (input != kNone && tensor(input).dtype == DataType::undefined) return types;
  // After a tensor of unknown rank little but element types is known until concrete shapes arrive. What a branch or a
  // loop gives doesn't follow from the types of its inputs.
  for (TensorId input : l.inputs)
    if (!l.op->body && !l.op->loop_body && input != kNone && !tensor(input).ranked)
      return types_of_any_rank(*this, id, std::move(types));
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
  if (!l.op->data_dependent_axis || !types[0].ranked) return types;
  InferContext context(*this, id, types);
  const auto rank = static_cast<int>(types[0].dims.size());
  types[0].dims[static_cast<std::size_t>(context.axis(l.op->data_dependent_axis(l.attributes), rank))] = kUnknown;
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
