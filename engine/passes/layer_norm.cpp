// (x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon) * scale + bias over the last axes, written as nine layers or
// so.

#include <algorithm>

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

/// The first of the last axes over which a mean is taken with its axes kept; -1 when it is no such mean.
std::int64_t mean_axis(const Graph& graph, LayerId id) {
  if (!is_op(graph, id, "reduce")) return -1;
  const Attributes& attributes = graph.layer(id).attributes;
  const Tensor& x = tensor_of(graph, input_of(graph, id, 0));
  auto axes = integers_of(graph, input_of(graph, id, 1));
  if (attributes.text("mode", "") != "mean" || attributes.integer("keepdims", 1) == 0 || !x.ranked || !axes ||
      axes->empty())
    return -1;
  const auto rank = static_cast<std::int64_t>(x.dims.size());
  for (std::int64_t& axis : *axes) axis += axis < 0 ? rank : 0;
  std::sort(axes->begin(), axes->end());
  for (std::size_t i = 0; i < axes->size(); ++i)
    if ((*axes)[i] != rank - static_cast<std::int64_t>(axes->size() - i)) return -1;
  return axes->front();
}

bool is_square_of(const Graph& graph, LayerId id, TensorId x) {
  if (is_function(graph, id, "binary", "mul")) return input_of(graph, id, 0) == x && input_of(graph, id, 1) == x;
  return is_function(graph, id, "binary", "pow") && input_of(graph, id, 0) == x &&
         scalar_of(graph, input_of(graph, id, 1)) == 2.0;
}

struct Match {
  TensorId x = kNone;
  std::int64_t axis = -1;
  double epsilon = 0;
};

/// `deviation` is sqrt(mean(centred^2) + epsilon), `centred` is x - mean(x).
std::optional<Match> match(const Graph& graph, TensorId centred, TensorId deviation) {
  const LayerId root = producer_of(graph, deviation, "unary");
  if (root == kNone || function_of(graph, root) != "sqrt") return std::nullopt;
  const LayerId shifted = producer_of(graph, input_of(graph, root, 0), "binary");
  if (!is_function(graph, shifted, "binary", "add")) return std::nullopt;
  Match found;
  TensorId variance = kNone;
  for (const int slot : {0, 1}) {
    const auto value = scalar_of(graph, input_of(graph, shifted, slot));
    if (!value) continue;
    found.epsilon = *value;
    variance = input_of(graph, shifted, 1 - slot);
  }
  if (variance == kNone) return std::nullopt;
  const LayerId mean_square = tensor_of(graph, variance).producer;
  if (mean_square == kNone) return std::nullopt;
  found.axis = mean_axis(graph, mean_square);
  if (found.axis < 0) return std::nullopt;
  const LayerId square = tensor_of(graph, input_of(graph, mean_square, 0)).producer;
  if (square == kNone || !is_square_of(graph, square, centred)) return std::nullopt;
  const LayerId difference = producer_of(graph, centred, "binary");
  if (!is_function(graph, difference, "binary", "sub")) return std::nullopt;
  found.x = input_of(graph, difference, 0);
  const LayerId mean = tensor_of(graph, input_of(graph, difference, 1)).producer;
  if (mean == kNone || input_of(graph, mean, 0) != found.x || mean_axis(graph, mean) != found.axis) return std::nullopt;
  return found;
}

/// The other operand of a binary layer that is the only reader of `tensor`, where it is a constant of these extents.
ConstantPtr taken_constant(const Graph& graph, TensorId tensor, std::string_view function, const Dims& dims,
                           LayerId& reader) {
  reader = only_reader(graph, tensor, "binary");
  if (reader == kNone || function_of(graph, reader) != function) return nullptr;
  const TensorId other = input_of(graph, reader, input_of(graph, reader, 0) == tensor ? 1 : 0);
  const Constant* constant = constant_of(graph, other);
  if (constant == nullptr || constant->dtype != DataType::float32 || constant->dims.size() > rank_of(graph, tensor))
    return nullptr;
  std::int64_t wanted = 1;
  for (const std::int64_t extent : dims) wanted *= extent;
  Dims tail = constant->dims;
  while (tail.size() > dims.size() && tail.front() == 1) tail.erase(tail.begin());
  return tail == dims && constant->count() == wanted ? reshaped(*constant, dims) : nullptr;
}

bool rewrite(Graph& graph, LayerId id) {
  TensorId centred = kNone, deviation = kNone;
  if (is_function(graph, id, "binary", "div")) {
    centred = input_of(graph, id, 0);
    deviation = input_of(graph, id, 1);
  } else if (is_function(graph, id, "binary", "mul")) {
    for (const int slot : {0, 1}) {
      const LayerId inverse = producer_of(graph, input_of(graph, id, slot), "unary");
      if (inverse == kNone || function_of(graph, inverse) != "reciprocal") continue;
      centred = input_of(graph, id, 1 - slot);
      deviation = input_of(graph, inverse, 0);
    }
  }
  if (centred == kNone || tensor_of(graph, centred).dtype != DataType::float32) return false;
  const auto found = match(graph, centred, deviation);
  if (!found) return false;
  const Dims& all = tensor_of(graph, found->x).dims;
  const Dims dims(all.begin() + found->axis, all.end());
  if (!vireo::is_static(dims)) return false;

  LayerId last = id, reader = kNone;
  ConstantPtr scale = taken_constant(graph, output_of(graph, id), "mul", dims, reader);
  ConstantPtr bias;
  const LayerId multiplied = scale ? reader : kNone;
  if (scale) {
    last = reader;
    bias = taken_constant(graph, output_of(graph, last), "add", dims, reader);
    if (bias) last = reader;
  } else {
    scale =
        constant_from(std::vector<double>(static_cast<std::size_t>(element_count(dims)), 1.0), dims, DataType::float32);
  }
  Attributes attributes;
  attributes.set("axis", found->axis);
  attributes.set("epsilon", found->epsilon);
  const std::string name = graph.layer(id).name;
  std::vector<TensorId> inputs{found->x, add_constant(graph, name + ".scale", scale)};
  if (bias) inputs.push_back(add_constant(graph, name + ".bias", bias));
  replace_layer(graph, last, "layer_norm", std::move(inputs), std::move(attributes));
  if (multiplied != kNone && multiplied != last) graph.remove_layer(multiplied);
  if (id != last) graph.remove_layer(id);
  return true;
}

}  // namespace

bool layer_norm(Graph& graph) {
  if (!has_op("layer_norm")) return false;
  bool changed = false;
  for (const LayerId id : layers_of(graph))
    if (is_op(graph, id, "binary")) changed = rewrite(graph, id) || changed;
  return changed;
}

}  // namespace vireo::passes
