#include "engine/import/onnx/constants.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "engine/api/error.h"
#include "engine/graph/operator.h"

namespace vireo::importer {
namespace {

using graph::kNone;
using graph::TensorId;

constexpr std::int64_t kMaxElements = 256;
constexpr int kMaxLayers = 256;  // looked at for one condition

using Values = std::vector<std::optional<std::int64_t>>;

bool computes(std::string_view function) {
  static constexpr std::array<std::string_view, 13> kFunctions = {
      "add", "sub", "mul", "min", "max", "equal", "and", "or", "xor", "less", "less_equal", "greater", "greater_equal"};
  return std::ranges::find(kFunctions, function) != kFunctions.end();
}

bool is_integral(DataType type) {
  return type == DataType::int64 || type == DataType::int32 || type == DataType::boolean;
}

class Reader {
 public:
  explicit Reader(const graph::Graph& graph) : graph_(graph) {}

  /// The elements of a small integer tensor; nothing for other tensors and where extents are open.
  std::optional<Values> read(TensorId id) {
    if (id == kNone || !is_small(id)) return std::nullopt;
    if (const auto known = memo_.find(id); known != memo_.end()) return known->second;
    const graph::Tensor& t = graph_.tensor(id);
    std::optional<Values> values;
    if (t.constant) {
      const std::vector<std::int64_t> all = graph::to_integers(*t.constant);
      values.emplace(all.begin(), all.end());
    } else if (t.producer != kNone && ++layers_ <= kMaxLayers) {
      values = compute(graph_.layer(t.producer), id);
    }
    return memo_[id] = values;
  }

 private:
  bool is_small(TensorId id) const {
    const graph::Tensor& t = graph_.tensor(id);
    return t.is_static() && is_integral(t.dtype) && element_count(t.dims) <= kMaxElements;
  }

  std::optional<Values> compute(const graph::Layer& layer, TensorId output) {
    const std::string_view op = layer.op->name;
    if (op == "shape") return shape(layer);
    if (op == "unary") {
      const std::string function = layer.attributes.text("function", "");
      if (function == "identity") return read(layer.inputs[0]);
      if (function != "not") return std::nullopt;
      std::optional<Values> values = read(layer.inputs[0]);
      if (values)
        for (auto& value : *values)
          if (value) *value = *value == 0;
      return values;
    }
    if (op == "cast") return cast(layer, output);
    if (op == "binary") return binary(layer, output);
    return layer.op->moves ? moved(layer, output) : std::nullopt;
  }

  std::optional<Values> shape(const graph::Layer& layer) const {
    const graph::Tensor& x = graph_.tensor(layer.inputs[0]);
    if (!x.ranked) return std::nullopt;
    const auto rank = static_cast<std::int64_t>(x.dims.size());
    const auto place = [&](const char* name, std::int64_t fallback) {
      const std::int64_t at = layer.attributes.integer(name, fallback);
      return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
    };
    Values values;
    for (std::int64_t i = place("start", 0); i < place("end", rank); ++i) {
      const std::int64_t extent = x.dims[static_cast<std::size_t>(i)];
      values.push_back(extent < 0 ? std::nullopt : std::optional(extent));
    }
    return values;
  }

  std::optional<Values> cast(const graph::Layer& layer, TensorId output) {
    std::optional<Values> values = read(layer.inputs[0]);
    const DataType to = graph_.tensor(output).dtype;
    if (values)
      for (auto& value : *values) {
        if (value && to == DataType::boolean) *value = *value != 0;
        if (value && to == DataType::int32 && *value != static_cast<std::int32_t>(*value)) value.reset();
      }
    return values;
  }

  /// For each element of the output, the two elements that it is computed from, by broadcasting.
  std::optional<Values> binary(const graph::Layer& layer, TensorId output) {
    const std::string function = layer.attributes.text("function", "");
    const std::optional<Values> a = read(layer.inputs[0]), b = read(layer.inputs[1]);
    if (!a || !b || !computes(function)) return std::nullopt;
    const Dims& dims = graph_.tensor(output).dims;
    Values values;
    Dims index(dims.size(), 0);
    for (std::int64_t i = 0, count = element_count(dims); i < count; ++i) {
      const auto x = (*a)[place_in(layer.inputs[0], index)], y = (*b)[place_in(layer.inputs[1], index)];
      values.push_back(x && y ? apply(function, *x, *y) : std::nullopt);
      if (values.back() && graph_.tensor(output).dtype == DataType::int32 &&
          *values.back() != static_cast<std::int32_t>(*values.back()))
        values.back().reset();
      for (std::size_t d = dims.size(); d-- > 0;) {
        if (++index[d] < dims[d]) break;
        index[d] = 0;
      }
    }
    return values;
  }

  std::size_t place_in(TensorId id, const Dims& index) const {
    const Dims& dims = graph_.tensor(id).dims;
    std::size_t place = 0;
    for (std::size_t d = 0; d < dims.size(); ++d) {
      const std::int64_t at = dims[d] == 1 ? 0 : index[index.size() - dims.size() + d];
      place = place * static_cast<std::size_t>(dims[d]) + static_cast<std::size_t>(at);
    }
    return place;
  }

  static std::optional<std::int64_t> apply(std::string_view function, std::int64_t x, std::int64_t y) {
    std::int64_t z = 0;
    if (function == "add") return __builtin_add_overflow(x, y, &z) ? std::nullopt : std::optional(z);
    if (function == "sub") return __builtin_sub_overflow(x, y, &z) ? std::nullopt : std::optional(z);
    if (function == "mul") return __builtin_mul_overflow(x, y, &z) ? std::nullopt : std::optional(z);
    if (function == "min") return std::min(x, y);
    if (function == "max") return std::max(x, y);
    if (function == "equal") return x == y;
    if (function == "less") return x < y;
    if (function == "less_equal") return x <= y;
    if (function == "greater") return x > y;
    if (function == "greater_equal") return x >= y;
    if (function == "and") return x != 0 && y != 0;
    if (function == "or") return x != 0 || y != 0;
    return (x != 0) != (y != 0);  // xor
  }

  /// Runs the operator on the numbers of the elements instead of their values, which shows where each one goes.
  std::optional<Values> moved(const graph::Layer& layer, TensorId output) {
    const bool all = layer.op->axis_order == graph::AxisOrder::free_together;
    Values elements;
    std::vector<graph::ConstantPtr> kept;
    std::vector<graph::View> inputs, outputs;
    for (std::size_t k = 0; k < layer.inputs.size(); ++k) {
      if (layer.inputs[k] == kNone) {
        inputs.emplace_back();
        continue;
      }
      const graph::Tensor& t = graph_.tensor(layer.inputs[k]);
      if (k > 0 && !all) {
        if (!t.constant || t.constant->count() > kMaxElements) return std::nullopt;
        inputs.push_back({t.dtype, t.dims, const_cast<std::byte*>(t.constant->read())});
        continue;
      }
      const std::optional<Values> values = read(layer.inputs[k]);
      if (!values) return std::nullopt;
      const graph::MutableConstant numbers = graph::new_constant(DataType::int64, t.dims);
      for (std::size_t i = 0; i < values->size(); ++i)
        numbers.as<std::int64_t>()[i] = static_cast<std::int64_t>(elements.size() + i);
      elements.insert(elements.end(), values->begin(), values->end());
      kept.push_back(numbers.constant);
      inputs.push_back({DataType::int64, t.dims, numbers.data});
    }
    std::size_t wanted = 0;
    for (std::size_t k = 0; k < layer.outputs.size(); ++k) {
      if (layer.outputs[k] == kNone || !is_small(layer.outputs[k])) return std::nullopt;
      if (layer.outputs[k] == output) wanted = k;
      const graph::MutableConstant places = graph::new_constant(DataType::int64, graph_.tensor(layer.outputs[k]).dims);
      kept.push_back(places.constant);
      outputs.push_back({DataType::int64, places.constant->dims, places.data});
    }
    layer.op->reference({layer.attributes, inputs, outputs});
    Values values;
    for (std::int64_t i = 0; i < outputs[wanted].count(); ++i)
      values.push_back(elements.at(static_cast<std::size_t>(outputs[wanted].as<std::int64_t>()[i])));
    return values;
  }

  const graph::Graph& graph_;
  std::map<TensorId, std::optional<Values>> memo_;
  int layers_ = 0;
};

}  // namespace

std::optional<bool> known_condition(const graph::Graph& graph, TensorId tensor) {
  if (const graph::ConstantPtr& value = graph.tensor(tensor).constant) {
    if (value->count() != 1) return std::nullopt;
    return graph::to_integers(*value)[0] != 0;
  }
  try {
    const std::optional<Values> values = Reader(graph).read(tensor);
    if (!values || values->size() != 1 || !(*values)[0]) return std::nullopt;
    return *(*values)[0] != 0;
  } catch (const Error&) {  // an index outside its axis: the layer reports it when it runs
    return std::nullopt;
  }
}

}  // namespace vireo::importer
