// Layers that change nothing.

#include <algorithm>
#include <limits>

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

bool all_equal(const std::optional<std::vector<std::int64_t>>& values, std::int64_t value) {
  return values && std::all_of(values->begin(), values->end(), [value](std::int64_t v) { return v == value; });
}

bool all_equal(const std::vector<std::int64_t>& values, std::int64_t value) {
  return std::all_of(values.begin(), values.end(), [value](std::int64_t v) { return v == value; });
}

/// The output has the extents of the input, however they turn out.
bool keeps_dims(const Graph& graph, LayerId id) {
  return same_known_dims(graph, input_of(graph, id, 0), output_of(graph, id));
}

bool unary_is_identity(const Graph& graph, LayerId id) {
  if (function_of(graph, id) == "identity") return true;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto bounds = bounds_of(graph, id);
  return bounds && bounds->low == -kInfinity && bounds->high == kInfinity;
}

/// x + 0, x - 0, x * 1, x / 1, x ^ 1 with a constant that does not widen x. Returns the slot of x, or -1.
int neutral_operand(const Graph& graph, LayerId id) {
  const std::string function = function_of(graph, id);
  const bool additive = function == "add" || function == "sub";
  const bool multiplicative = function == "mul" || function == "div" || function == "pow";
  if (!additive && !multiplicative) return -1;
  for (const int slot : {0, 1}) {
    if (slot == 1 && function != "add" && function != "mul") continue;  // the constant must be on the right
    const TensorId x = input_of(graph, id, slot);
    const TensorId c = input_of(graph, id, 1 - slot);
    if (constant_of(graph, c) == nullptr || tensor_of(graph, x).dtype != tensor_of(graph, c).dtype) continue;
    const Constant& constant = *constant_of(graph, c);
    const bool narrow =
        tensor_of(graph, x).ranked && constant.count() == 1 && constant.dims.size() <= rank_of(graph, x);
    if (!narrow && !same_known_dims(graph, x, output_of(graph, id))) continue;
    const auto value = uniform_of(graph, c);
    if (value && *value == (additive ? 0 : 1)) return slot;
  }
  return -1;
}

bool reshape_is_identity(const Graph& graph, LayerId id) {
  if (keeps_dims(graph, id)) return true;
  const Tensor& x = tensor_of(graph, input_of(graph, id, 0));
  const auto shape = integers_of(graph, input_of(graph, id, 1));
  if (!shape || !x.ranked || shape->size() != x.dims.size() || graph.layer(id).attributes.integer("allowzero", 0) != 0)
    return false;
  int unknown = 0;
  for (std::size_t i = 0; i < shape->size(); ++i) {
    const std::int64_t entry = (*shape)[i];
    if (entry == 0 || (entry > 0 && entry == x.dims[i])) continue;
    if (entry != -1 || ++unknown > 1) return false;
  }
  return true;
}

bool pool_is_identity(const Graph& graph, LayerId id) {
  const Layer& layer = graph.layer(id);
  const std::string mode = layer.attributes.text("mode", "max");
  return layer.outputs.size() == 1 && (mode == "max" || mode == "average") &&
         all_equal(layer.attributes.integers("kernel_shape"), 1) &&
         all_equal(layer.attributes.integers("strides"), 1) && all_equal(layer.attributes.integers("pads"), 0);
}

bool resize_is_identity(const Graph& graph, LayerId id) {
  if (graph.layer(id).attributes.text("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize")
    return false;
  const TensorId scales = input_of(graph, id, 2);
  const auto scale = scales == kNone ? std::nullopt : uniform_of(graph, scales);
  if (scale) return *scale == 1;
  return scales == kNone && keeps_dims(graph, id);
}

bool is_identity(const Graph& graph, LayerId id) {
  const Layer& layer = graph.layer(id);
  const std::string_view op = layer.op->name;
  const TensorId x = input_of(graph, id, 0);
  if (x == kNone || layer.outputs.size() != 1 || layer.outputs[0] == kNone) return false;
  if (op == "unary") return unary_is_identity(graph, id);
  if (op == "cast")
    return tensor_of(graph, x).dtype == tensor_of(graph, layer.outputs[0]).dtype &&
           tensor_of(graph, x).dtype != DataType::undefined;
  if (op == "reshape") return reshape_is_identity(graph, id);
  if (layer.op->alias || op == "expand" || op == "split") return keeps_dims(graph, id);
  if (op == "tile") return all_equal(integers_of(graph, input_of(graph, id, 1)), 1);
  if (op == "concat") return layer.inputs.size() == 1;
  if (op == "pad") return all_equal(integers_of(graph, input_of(graph, id, 1)), 0);
  if (op == "slice")
    return keeps_dims(graph, id) &&
           (input_of(graph, id, 4) == kNone || all_equal(integers_of(graph, input_of(graph, id, 4)), 1));
  if (op == "pool") return pool_is_identity(graph, id);
  if (op == "resize") return resize_is_identity(graph, id);
  if (op == "transpose") {
    const std::vector<std::int64_t> perm = perm_of(graph, id);
    return !perm.empty() && std::is_sorted(perm.begin(), perm.end());
  }
  if (op == "reduce") {
    const std::string mode = layer.attributes.text("mode", "");
    return keeps_dims(graph, id) &&
           (mode == "sum" || mode == "mean" || mode == "max" || mode == "min" || mode == "prod");
  }
  return false;
}

}  // namespace

bool identities(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph)) {
    if (is_op(graph, id, "binary")) {
      const int slot = neutral_operand(graph, id);
      if (slot < 0 || !redirect(graph, output_of(graph, id), input_of(graph, id, slot))) continue;
      graph.remove_layer(id);
      changed = true;
    } else if (is_identity(graph, id)) {
      changed = bypass(graph, id) || changed;
    }
  }
  return changed;
}

}  // namespace vireo::passes
