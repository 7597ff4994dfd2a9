#include "engine/passes/edit.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/base/text.h"
#include "engine/graph/operator.h"
#include "engine/ops/table.h"

namespace vireo::passes {

const graph::Operator& find_op(std::string_view name) {
  const graph::Operator* op = ops::find_operator(name);
  if (op == nullptr) base::fail(ErrorCode::internal, "this build has no operator '", name, "'");
  return *op;
}

bool has_op(std::string_view name) { return ops::find_operator(name) != nullptr; }

bool is_op(const Graph& graph, LayerId layer, std::string_view op) {
  return layer != kNone && graph.layer(layer).alive() && graph.layer(layer).op->name == op;
}

std::string function_of(const Graph& graph, LayerId layer) {
  return graph.layer(layer).attributes.text("function", "");
}

bool is_function(const Graph& graph, LayerId layer, std::string_view op, std::string_view function) {
  return is_op(graph, layer, op) && function_of(graph, layer) == function;
}

const Tensor& tensor_of(const Graph& graph, TensorId tensor) {
  static const Tensor kNothing;
  return tensor == kNone ? kNothing : graph.tensor(tensor);
}

TensorId input_of(const Graph& graph, LayerId layer, int k) {
  const std::vector<TensorId>& inputs = graph.layer(layer).inputs;
  return k >= 0 && k < static_cast<int>(inputs.size()) ? inputs[static_cast<std::size_t>(k)] : kNone;
}

TensorId output_of(const Graph& graph, LayerId layer, int k) {
  const std::vector<TensorId>& outputs = graph.layer(layer).outputs;
  return k < static_cast<int>(outputs.size()) ? outputs[static_cast<std::size_t>(k)] : kNone;
}

LayerId producer_of(const Graph& graph, TensorId tensor, std::string_view op) {
  const LayerId layer = tensor_of(graph, tensor).producer;
  return is_op(graph, layer, op) ? layer : kNone;
}

bool used_once(const Graph& graph, TensorId tensor) {
  return tensor_of(graph, tensor).consumers.size() == 1 && tensor_of(graph, tensor).output_uses == 0;
}

LayerId only_reader(const Graph& graph, TensorId tensor, std::string_view op) {
  if (!used_once(graph, tensor)) return kNone;
  const LayerId reader = tensor_of(graph, tensor).consumers[0];
  return op.empty() || is_op(graph, reader, op) ? reader : kNone;
}

const Constant* constant_of(const Graph& graph, TensorId tensor) { return tensor_of(graph, tensor).constant.get(); }

std::optional<std::vector<std::int64_t>> integers_of(const Graph& graph, TensorId tensor) {
  const Constant* constant = constant_of(graph, tensor);
  if (constant == nullptr || !is_integer(constant->dtype)) return std::nullopt;
  return graph::to_integers(*constant);
}

namespace {
bool is_number(DataType type) { return is_float(type) || is_integer(type); }
}  // namespace

std::optional<double> scalar_of(const Graph& graph, TensorId tensor) {
  const Constant* constant = constant_of(graph, tensor);
  if (constant == nullptr || !is_number(constant->dtype) || constant->count() != 1) return std::nullopt;
  return graph::to_reals(*constant)[0];
}

std::optional<double> uniform_of(const Graph& graph, TensorId tensor) {
  const Constant* constant = constant_of(graph, tensor);
  if (constant == nullptr || !is_number(constant->dtype) || constant->count() == 0) return std::nullopt;
  const std::vector<double> values = graph::to_reals(*constant);
  for (const double value : values)
    if (value != values[0]) return std::nullopt;
  return values[0];
}

bool same_known_dims(const Graph& graph, TensorId a, TensorId b) {
  return tensor_of(graph, a).is_static() && tensor_of(graph, b).is_static() &&
         tensor_of(graph, a).dims == tensor_of(graph, b).dims;
}

std::size_t rank_of(const Graph& graph, TensorId tensor) { return tensor_of(graph, tensor).dims.size(); }

bool is_float32(const Graph& graph, TensorId tensor) { return tensor_of(graph, tensor).dtype == DataType::float32; }

std::vector<std::int64_t> perm_of(const Graph& graph, LayerId transpose) {
  std::vector<std::int64_t> perm = graph.layer(transpose).attributes.integers("perm");
  const Tensor& x = tensor_of(graph, input_of(graph, transpose, 0));
  if (perm.empty() && x.ranked) {
    perm.resize(x.dims.size());
    std::iota(perm.rbegin(), perm.rend(), 0);
  }
  const auto rank = static_cast<std::int64_t>(perm.size());
  for (std::int64_t& axis : perm) {
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank) return {};
  }
  return x.ranked && x.dims.size() != perm.size() ? std::vector<std::int64_t>{} : perm;
}

std::optional<Bounds> bounds_of(const Graph& graph, LayerId layer) {
  const DataType dtype = tensor_of(graph, input_of(graph, layer, 0)).dtype;
  if (!is_op(graph, layer, "unary") || !is_float(dtype)) return std::nullopt;
  const std::string function = function_of(graph, layer);
  Bounds bounds;
  if (function == "relu") {
    bounds.low = 0;
    return bounds;
  }
  if (function != "clip") return std::nullopt;
  const Attributes& attributes = graph.layer(layer).attributes;
  const double limit =
      dtype == DataType::float64 ? std::numeric_limits<double>::max() : std::numeric_limits<float>::max();
  const double low = attributes.real("min", bounds.low), high = attributes.real("max", bounds.high);
  if (!(low <= high)) return std::nullopt;
  if (low > -limit) bounds.low = low;
  if (high < limit) bounds.high = high;
  return bounds;
}

bool are_tame_factors(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::fabs(v) <= 1e12; });
}

bool are_tame_summands(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::fabs(v) <= 1e4; });
}

bool can_redirect(const Graph& graph, TensorId from, TensorId to) {
  if (from == kNone || to == kNone) return false;
  if (!graph.is_output(from)) return true;
  return graph.tensor(to).producer != kNone && !graph.is_output(to);
}

bool redirect(Graph& graph, TensorId from, TensorId to) {
  if (!can_redirect(graph, from, to)) return false;
  graph.replace_uses(from, to);
  return true;
}

bool bypass(Graph& graph, LayerId layer) {
  const TensorId x = input_of(graph, layer, 0);
  const TensorId y = output_of(graph, layer, 0);
  if (x == kNone || y == kNone || !can_redirect(graph, y, x)) return false;
  graph.replace_uses(y, x);
  graph.remove_layer(layer);
  return true;
}

LayerId replace_layer(Graph& graph, LayerId layer, std::string_view op, std::vector<TensorId> inputs,
                      Attributes attributes) {
  std::string name = graph.layer(layer).name;
  std::vector<TensorId> outputs = graph.layer(layer).outputs;
  graph.remove_layer(layer);
  const LayerId fresh =
      graph.add_layer_into(find_op(op), std::move(name), std::move(inputs), std::move(outputs), std::move(attributes));
  graph.infer(fresh);
  return fresh;
}

TensorId insert_layer(Graph& graph, LayerId beside, std::string_view op, std::vector<TensorId> inputs,
                      Attributes attributes) {
  std::string name = base::str(graph.layer(beside).name, ".", op);
  const LayerId layer = graph.add_layer(find_op(op), std::move(name), std::move(inputs), std::move(attributes));
  return graph.layer(layer).outputs[0];
}

void hand_origin_on(Graph& graph, TensorId from, TensorId to, const std::vector<std::int64_t>& perm) {
  const graph::Origin& origin = graph.tensor(from).origin;
  if (origin.tensor == kNone) return;
  graph::Origin permuted{origin.tensor, perm};
  if (!origin.perm.empty())
    for (std::int64_t& axis : permuted.perm) axis = origin.perm[static_cast<std::size_t>(axis)];
  graph.tensor(to).origin = std::move(permuted);
}

TensorId add_constant(Graph& graph, std::string_view name, ConstantPtr value) {
  return graph.add_constant(graph.unique_name(name), std::move(value));
}

TensorId add_integers(Graph& graph, std::string_view name, const std::vector<std::int64_t>& values) {
  return add_constant(graph, name, graph::make_constant(values));
}

void set_constant_input(Graph& graph, LayerId layer, int slot, ConstantPtr value) {
  const TensorId old = input_of(graph, layer, slot);
  const std::string name = old == kNone ? graph.layer(layer).name + ".constant" : tensor_of(graph, old).name;
  const TensorId fresh = add_constant(graph, name, std::move(value));
  while (static_cast<int>(graph.layer(layer).inputs.size()) <= slot) graph.add_layer_input(layer, kNone);
  graph.set_input(layer, slot, fresh);
}

std::vector<double> reals_of(const Constant& constant) {
  if (!is_float(constant.dtype)) return {};
  return graph::to_reals(constant);
}

ConstantPtr constant_from(const std::vector<double>& values, const Dims& dims, DataType dtype) {
  if (dtype == DataType::float64)
    return graph::make_constant(dtype, dims, values.data(), values.size() * sizeof(double));
  const std::vector<float> floats(values.begin(), values.end());
  return graph::make_constant(floats, dims);
}

ConstantPtr permuted(const Constant& constant, const std::vector<std::int64_t>& perm) {
  const std::size_t rank = constant.dims.size();
  std::vector<std::int64_t> strides(rank, 1), steps(rank);
  for (std::size_t i = rank; i-- > 1;) strides[i - 1] = strides[i] * constant.dims[i];
  Dims dims(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    dims[i] = constant.dims[static_cast<std::size_t>(perm[i])];
    steps[i] = strides[static_cast<std::size_t>(perm[i])];
  }
  const graph::MutableConstant result = graph::new_constant(constant.dtype, dims);
  const std::size_t size = size_of(constant.dtype);
  const std::int64_t count = constant.count();
  std::vector<std::int64_t> index(rank, 0);
  std::int64_t from = 0;
  for (std::int64_t to = 0; to < count; ++to) {
    std::memcpy(result.data + static_cast<std::size_t>(to) * size,
                constant.read() + static_cast<std::size_t>(from) * size, size);
    for (std::size_t i = rank; i-- > 0;) {
      from += steps[i];
      if (++index[i] < dims[i]) break;
      from -= steps[i] * dims[i];
      index[i] = 0;
    }
  }
  return result.constant;
}

ConstantPtr reshaped(const Constant& constant, const Dims& dims) {
  return std::make_shared<Constant>(Constant{constant.dtype, dims, constant.data, constant.seal});
}

std::vector<LayerId> layers_of(const Graph& graph) { return graph.topological_order(); }

}  // namespace vireo::passes
