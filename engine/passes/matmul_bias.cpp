// A matrix product followed by the addition of one value per column becomes a product with a bias.

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/fold_weights.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

/// The extent of the last axis of a product's output; -1 when unknown.
std::int64_t columns(const Graph& graph, LayerId id) {
  const Dims& dims = tensor_of(graph, output_of(graph, id)).dims;
  return tensor_of(graph, output_of(graph, id)).ranked && dims.size() >= 2 ? dims.back() : kUnknown;
}

bool fold(Graph& graph, LayerId id) {
  const TensorId y = output_of(graph, id);
  for (const int slot : {0, 1}) {
    const TensorId product = input_of(graph, id, slot);
    const TensorId added = input_of(graph, id, 1 - slot);
    const Constant* constant = constant_of(graph, added);
    LayerId before = producer_of(graph, product, "matmul");
    if (before == kNone) before = producer_of(graph, product, "gemm");
    if (before == kNone || constant == nullptr || !used_once(graph, product) || !is_plain(graph, before)) continue;
    const std::int64_t n = columns(graph, before);
    const std::size_t rank = rank_of(graph, product);
    if (input_of(graph, before, 2) != kNone || n < 0 || constant->dtype != tensor_of(graph, product).dtype) continue;
    const std::vector<double> values = channel_values(*constant, rank, static_cast<std::int64_t>(rank) - 1, n);
    if (values.empty() || !can_redirect(graph, y, product)) continue;
    if (static_cast<std::int64_t>(values.size()) == n) {
      set_constant_input(graph, before, 2, reshaped(*constant, {n}));
    } else {
      set_constant_input(
          graph, before, 2,
          constant_from(std::vector<double>(static_cast<std::size_t>(n), values[0]), {n}, constant->dtype));
    }
    graph.layer(before).attributes.erase("beta");  // of a term that was not there
    graph.replace_uses(y, product);
    graph.remove_layer(id);
    graph.infer(before);
    return true;
  }
  return false;
}

}  // namespace

bool matmul_bias(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph))
    if (is_function(graph, id, "binary", "add") && tensor_of(graph, output_of(graph, id)).dtype == DataType::float32)
      changed = fold(graph, id) || changed;
  return changed;
}

}  // namespace vireo::passes
