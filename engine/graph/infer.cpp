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
  return graph_.tensor(graph_.layer(layer_).inputs[static_cast<std::size_t>(index)]).dims;
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
  const TensorId id = graph_.layer(layer_).outputs.at(static_cast<std::size_t>(index));
  if (id == kNone) return;
  Tensor& t = graph_.tensor(id);
  t.dtype = dtype;
  t.ranked = true;
  t.dims = std::move(dims);
}

void InferContext::output_unranked(int index, DataType dtype) {
  const TensorId id = graph_.layer(layer_).outputs.at(static_cast<std::size_t>(index));
  if (id == kNone) return;
  Tensor& t = graph_.tensor(id);
  t.dtype = dtype;
  t.ranked = false;
  t.dims.clear();
}

void InferContext::fail(const std::string& why) const {
  base::fail(ErrorCode::invalid_model, describe(graph_, layer_), ": ", why);
}

std::int64_t InferContext::axis(std::int64_t value, int rank) const {
  if (value < -rank || value >= rank) fail(base::str("axis ", value, " is outside a tensor of rank ", rank));
  return value < 0 ? value + rank : value;
}

void Graph::infer(LayerId id) {
  const Layer& l = layer(id);
  const auto count = [](const std::vector<TensorId>& ids) { return static_cast<int>(ids.size()); };
  const Operator& op = *l.op;
  if (count(l.inputs) < op.min_inputs || (op.max_inputs >= 0 && count(l.inputs) > op.max_inputs))
    base::fail(ErrorCode::invalid_model, describe(*this, id), ": has ", count(l.inputs), " inputs, accepts ",
               op.min_inputs, " to ", op.max_inputs < 0 ? std::string("any number") : std::to_string(op.max_inputs));
  if (count(l.outputs) < op.min_outputs || (op.max_outputs >= 0 && count(l.outputs) > op.max_outputs))
    base::fail(ErrorCode::invalid_model, describe(*this, id), ": has ", count(l.outputs), " outputs, accepts ",
               op.min_outputs, " to ", op.max_outputs);
  // Behind a tensor of unknown rank nothing is known until concrete shapes arrive.
  for (TensorId input : l.inputs) {
    if (input == kNone) continue;
    if (tensor(input).ranked && tensor(input).dtype != DataType::undefined) continue;
    for (TensorId output : l.outputs)
      if (output != kNone) {
        tensor(output).ranked = false;
        tensor(output).dims.clear();
      }
    return;
  }
  InferContext context(*this, id);
  op.infer(context);
  if (op.late_axis && l.outputs[0] != kNone && tensor(l.outputs[0]).ranked) {
    Dims& dims = tensor(l.outputs[0]).dims;
    dims[static_cast<std::size_t>(context.axis(op.late_axis(l.attributes), static_cast<int>(dims.size())))] = kUnknown;
  }
  for (TensorId output : l.outputs) {
    if (output == kNone || !tensor(output).ranked) continue;
    if (vireo::is_static(tensor(output).dims)) {
      try {
        (void)element_count(tensor(output).dims);
      } catch (const Error& error) {
        base::fail(ErrorCode::invalid_model, describe(*this, id), ": ", error.what());
      }
    }
  }
}

Dims Graph::bound_dims(LayerId id) {
  const TensorId output = layer(id).outputs[0];
  const Dims before = tensor(output).dims;
  InferContext context(*this, id);
  layer(id).op->infer(context);
  return std::exchange(tensor(output).dims, before);
}

void Graph::infer_all() {
  for (LayerId id : topological_order()) infer(id);
}

}  // namespace vireo::graph
