#include "engine/network/adding.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "engine/api/half.h"
#include "engine/graph/operator.h"
#include "engine/ops/table.h"

namespace vireo::network {
namespace {

/// False where the type can't hold the value.
template <typename T>
bool write(std::byte* to, double value) {
  if constexpr (std::is_integral_v<T>) {  // the largest int64 is no double: one more is
    const double least = static_cast<double>(std::numeric_limits<T>::min()),
                 beyond = 2 * static_cast<double>(std::numeric_limits<T>::max() / 2 + 1);
    if (!(value >= least && value < beyond)) return false;
  }
  const T typed = static_cast<T>(value);
  std::memcpy(to, &typed, sizeof typed);
  return true;
}

}  // namespace

Adding::Adding(graph::Graph& graph, Notes& notes, std::string_view what, const std::string& name)
    : graph_(graph), notes_(notes), what_(what), name_(name.empty() ? graph.unique_name(what) : name) {}

bool Adding::ready(const std::vector<Tensor>& inputs) {
  bool good = true;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    if (!given(inputs[k])) continue;
    const std::string why = foreign(graph_, notes_, inputs[k]);
    if (!why.empty()) notes_.add(ErrorCode::invalid_argument, base::str(what_, " '", name_, "': input ", k, " ", why));
    good = good && why.empty() && !notes_.failed.contains(inputs[k].id);
  }
  return good;
}

std::vector<Tensor> Adding::failed(std::size_t outputs) {
  std::vector<Tensor> list;
  for (std::size_t k = 0; k < outputs; ++k) {
    const graph::TensorId id = graph_.add_tensor(graph_.unique_name(name_ + ":failed"));
    notes_.failed.insert(id);
    list.push_back(notes_.handle(id));
  }
  return list;
}

std::vector<Tensor> Adding::several(const std::vector<Tensor>& inputs, std::size_t outputs,
                                    const std::function<std::vector<Tensor>()>& make) {
  if (!ready(inputs)) return failed(outputs);
  try {
    return make();
  } catch (const Error& error) {
    notes_.add(error.code(), error.what());
    return failed(outputs);
  }
}

Tensor Adding::one(const std::vector<Tensor>& inputs, const std::function<Tensor()>& make) {
  return several(inputs, 1, [&] { return std::vector<Tensor>{make()}; })[0];
}

std::string Adding::name_of(std::string_view part) const { return part.empty() ? name_ : base::str(name_, ".", part); }

std::vector<Tensor> Adding::put_all(std::string_view op_name, const std::vector<Tensor>& inputs,
                                    graph::Attributes attributes, int outputs, std::string_view part) {
  const graph::Operator* op = ops::find_operator(op_name);
  if (!op)
    base::fail(ErrorCode::not_found, what_, " '", name_, "': there is no operator '", op_name,
               "'; `vireo list ops` shows all");
  std::vector<graph::TensorId> ins, outs;
  for (const Tensor& input : inputs) ins.push_back(input.id);
  while (!ins.empty() && ins.back() == graph::kNone) ins.pop_back();
  const std::string layer = name_of(part);
  outputs = std::max({outputs, op->min_outputs, 1});
  for (int k = 0; k < outputs; ++k)
    outs.push_back(graph_.add_tensor(graph_.unique_name(outputs == 1 ? layer + ":out" : base::str(layer, ":", k))));
  const graph::LayerId id = graph_.add_layer_into(*op, layer, std::move(ins), outs, std::move(attributes));
  try {
    graph_.infer(id);
  } catch (const Error&) {
    graph_.remove_layer(id);
    throw;
  }
  std::vector<Tensor> list;
  for (const graph::TensorId output : outs) list.push_back(notes_.handle(output));
  return list;
}

Tensor Adding::put(std::string_view op, const std::vector<Tensor>& inputs, std::initializer_list<Attribute> attributes,
                   std::string_view part) {
  graph::Attributes all;
  for (const auto& [key, value] : attributes) all.set(key, value);
  return put_all(op, inputs, std::move(all), 1, part)[0];
}

Tensor Adding::unary(std::string_view function, Tensor x, std::string_view part) {
  return put("unary", {x}, {{"function", std::string(function)}}, part);
}

Tensor Adding::binary(std::string_view function, Tensor a, Tensor b, std::string_view part) {
  return put("binary", {a, b}, {{"function", std::string(function)}}, part);
}

Tensor Adding::integers(const Ints& values, std::string_view part) {
  return notes_.handle(graph_.add_constant(graph_.unique_name(name_of(part)), graph::make_constant(values)));
}

Tensor Adding::reals(const std::vector<double>& values, std::string_view part) {
  const std::vector<float> floats(values.begin(), values.end());
  return notes_.handle(graph_.add_constant(graph_.unique_name(name_of(part)),
                                           graph::make_constant(floats, {static_cast<std::int64_t>(floats.size())})));
}

Tensor Adding::scalar(DataType dtype, double value, std::string_view part) {
  require(size_of(dtype) > 0, "takes numbers, found ", dtype);
  const graph::MutableConstant made = graph::new_constant(dtype, {});
  bool fits = true;
  switch (dtype) {
    case DataType::float32: fits = write<float>(made.data, value); break;
    case DataType::float64: fits = write<double>(made.data, value); break;
    case DataType::float16: *made.as<std::uint16_t>() = half_from_float(static_cast<float>(value)); break;
    case DataType::bfloat16: *made.as<std::uint16_t>() = bfloat16_from_float(static_cast<float>(value)); break;
    case DataType::int64: fits = write<std::int64_t>(made.data, value); break;
    case DataType::int32: fits = write<std::int32_t>(made.data, value); break;
    case DataType::int16: fits = write<std::int16_t>(made.data, value); break;
    case DataType::int8: fits = write<std::int8_t>(made.data, value); break;
    case DataType::uint64: fits = write<std::uint64_t>(made.data, value); break;
    case DataType::uint32: fits = write<std::uint32_t>(made.data, value); break;
    case DataType::uint16: fits = write<std::uint16_t>(made.data, value); break;
    case DataType::uint8: fits = write<std::uint8_t>(made.data, value); break;
    case DataType::boolean: fits = write<std::uint8_t>(made.data, value != 0); break;
    default: refuse("takes numbers, found ", dtype);
  }
  require(fits, "has the value ", value, ", which ", dtype, " can't hold");
  return notes_.handle(graph_.add_constant(graph_.unique_name(name_of(part)), made.constant));
}

std::int64_t Adding::rank(Tensor tensor, std::string_view of_what) const {
  require(given(tensor), "the ", of_what, " is missing");
  require(of(tensor).ranked, "the rank of the ", of_what, " '", of(tensor).name, "' is not known; it must be here");
  return static_cast<std::int64_t>(of(tensor).dims.size());
}

std::int64_t Adding::axis(std::int64_t axis, std::int64_t rank) const {
  require(axis >= -rank && axis < rank, "axis ", axis, " is outside a tensor of rank ", rank);
  return axis < 0 ? axis + rank : axis;
}

}  // namespace vireo::network
