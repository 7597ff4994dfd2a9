// A constant factor before or after a matrix product becomes the product's own factor (the 1/sqrt(d) of attention);
// a swap of the last two axes of an operand becomes the product's flag.

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/fold_weights.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

/// x and factor of a multiplication or division by one number.
struct Scaled {
  TensorId x = kNone;
  double factor = 1;
};

std::optional<Scaled> scaled_of(const Graph& graph, LayerId id) {
  if (!is_op(graph, id, "binary")) return std::nullopt;
  const std::string function = function_of(graph, id);
  if (function != "mul" && function != "div") return std::nullopt;
  for (const int slot : {0, 1}) {
    if (slot == 1 && function == "div") continue;
    const TensorId x = input_of(graph, id, slot);
    const TensorId c = input_of(graph, id, 1 - slot);
    const auto value = scalar_of(graph, c);
    if (!value || tensor_of(graph, x).constant || tensor_of(graph, x).dtype != DataType::float32) continue;
    if (constant_of(graph, c)->dims.size() > rank_of(graph, x) || (function == "div" && *value == 0)) continue;
    const double factor = function == "div" ? 1 / *value : *value;
    if (!are_tame_factors({factor})) continue;
    return Scaled{x, factor};
  }
  return std::nullopt;
}

void multiply_alpha(Graph& graph, LayerId product, double factor) {
  Attributes& attributes = graph.layer(product).attributes;
  attributes.set("alpha", attributes.real("alpha", 1) * factor);
}

bool fold_behind(Graph& graph, LayerId id) {
  const auto scaled = scaled_of(graph, id);
  if (!scaled) return false;
  const LayerId product = producer_of(graph, scaled->x, "matmul");
  if (product == kNone || !used_once(graph, scaled->x) || !is_plain(graph, product) ||
      input_of(graph, product, 2) != kNone)
    return false;
  if (!can_redirect(graph, output_of(graph, id), scaled->x)) return false;
  multiply_alpha(graph, product, scaled->factor);
  graph.replace_uses(output_of(graph, id), scaled->x);
  graph.remove_layer(id);
  return true;
}

bool fold_operand(Graph& graph, LayerId product, int slot) {
  const TensorId operand = input_of(graph, product, slot);
  if (tensor_of(graph, operand).constant || !used_once(graph, operand)) return false;
  const LayerId before = tensor_of(graph, operand).producer;
  if (before == kNone) return false;
  if (const auto scaled = scaled_of(graph, before)) {
    multiply_alpha(graph, product, scaled->factor);
    graph.set_input(product, slot, scaled->x);
    graph.remove_layer(before);
    return true;
  }
  if (!is_op(graph, before, "transpose")) return false;
  const std::vector<std::int64_t> perm = perm_of(graph, before);
  const auto rank = static_cast<std::int64_t>(perm.size());
  if (rank < 2 || perm[perm.size() - 1] != rank - 2 || perm[perm.size() - 2] != rank - 1) return false;
  for (std::int64_t i = 0; i + 2 < rank; ++i)
    if (perm[static_cast<std::size_t>(i)] != i) return false;
  Attributes& attributes = graph.layer(product).attributes;
  const char* flag = slot == 0 ? "trans_a" : "trans_b";
  attributes.set(flag, std::int64_t{1 - attributes.integer(flag, 0)});
  graph.set_input(product, slot, input_of(graph, before, 0));
  graph.remove_layer(before);
  return true;
}

}  // namespace

bool product_scale(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph)) {
    if (!graph.layer(id).alive()) continue;
    if (is_op(graph, id, "binary")) {
      changed = fold_behind(graph, id) || changed;
    } else if (is_op(graph, id, "matmul") && is_plain(graph, id) &&
               tensor_of(graph, output_of(graph, id)).dtype == DataType::float32) {
      for (const int slot : {0, 1})
        while (fold_operand(graph, id, slot)) changed = true;
    }
  }
  return changed;
}

}  // namespace vireo::passes
