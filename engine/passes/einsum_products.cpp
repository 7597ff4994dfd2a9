// Sums of products of two tensors ("b h i d, b h j d -> b h i j") become matrix products: axes that both tensors and
// the output have are the batch, axes that the output lacks are summed over, the others are rows and columns.

#include <algorithm>
#include <string>

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

struct Terms {
  std::string a, b, out;  ///< one letter an axis
};

bool all_different(std::string labels) {
  std::sort(labels.begin(), labels.end());
  return std::adjacent_find(labels.begin(), labels.end()) == labels.end();
}

/// Two terms and an explicit output, no ellipsis, no axis twice in one term.
std::optional<Terms> terms_of(std::string equation) {
  equation.erase(std::remove(equation.begin(), equation.end(), ' '), equation.end());
  const std::size_t comma = equation.find(','), arrow = equation.find("->");
  if (comma == std::string::npos || arrow == std::string::npos || comma > arrow ||
      equation.find('.') != std::string::npos)
    return std::nullopt;
  Terms terms{equation.substr(0, comma), equation.substr(comma + 1, arrow - comma - 1), equation.substr(arrow + 2)};
  if (terms.b.find(',') != std::string::npos) return std::nullopt;
  if (!all_different(terms.a) || !all_different(terms.b) || !all_different(terms.out)) return std::nullopt;
  return terms;
}

bool has(const std::string& labels, char label) { return labels.find(label) != std::string::npos; }

struct Operand {
  TensorId tensor;
  const std::string& labels;
  const Dims& dims;
  [[nodiscard]] std::int64_t extent(char label) const { return dims[labels.find(label)]; }
  [[nodiscard]] std::int64_t product(const std::string& chosen) const {
    std::int64_t total = 1;
    for (const char label : chosen) total *= extent(label);
    return total;
  }
};

/// The operand as [batch…, rows, columns], each of the last two one axis.
TensorId as_matrices(Graph& graph, LayerId id, const Operand& operand, const std::string& batch,
                     const std::string& rows, const std::string& columns) {
  std::vector<std::int64_t> perm, shape;
  for (const char label : batch + rows + columns) perm.push_back(static_cast<std::int64_t>(operand.labels.find(label)));
  for (const char label : batch) shape.push_back(operand.extent(label));
  shape.push_back(operand.product(rows));
  shape.push_back(operand.product(columns));
  Attributes attributes;
  attributes.set("perm", perm);
  const TensorId turned = insert_layer(graph, id, "transpose", {operand.tensor}, std::move(attributes));
  return insert_layer(graph, id, "reshape", {turned, add_integers(graph, graph.layer(id).name + ".shape", shape)});
}

bool rewrite(Graph& graph, LayerId id) {
  const Layer& layer = graph.layer(id);
  if (layer.inputs.size() != 2 || layer.outputs[0] == kNone) return false;
  const auto terms = terms_of(layer.attributes.text("equation", ""));
  const TensorId ta = layer.inputs[0], tb = layer.inputs[1];
  if (!terms || !is_float32(graph, ta) || !tensor_of(graph, ta).is_static() || !tensor_of(graph, tb).is_static())
    return false;
  const Dims dims_a = tensor_of(graph, ta).dims, dims_b = tensor_of(graph, tb).dims;
  if (dims_a.size() != terms->a.size() || dims_b.size() != terms->b.size()) return false;
  const Operand a{ta, terms->a, dims_a}, b{tb, terms->b, dims_b};
  std::string batch, rows, columns, summed;
  for (const char label : terms->out) {
    if (!has(terms->a, label) && !has(terms->b, label)) return false;
    (has(terms->a, label) && has(terms->b, label) ? batch : has(terms->a, label) ? rows : columns) += label;
  }
  for (const char label : terms->a) {
    if (has(terms->out, label)) continue;
    if (!has(terms->b, label)) return false;  // summed over alone
    summed += label;
  }
  for (const char label : terms->b)
    if (!has(terms->out, label) && !has(terms->a, label)) return false;
  for (const char label : batch + summed)
    if (a.extent(label) != b.extent(label) || a.extent(label) == 0) return false;
  if (summed.empty() || a.product(rows) == 0 || b.product(columns) == 0) return false;

  const TensorId left = as_matrices(graph, id, a, batch, rows, summed);
  const TensorId right = as_matrices(graph, id, b, batch, summed, columns);
  const TensorId product = insert_layer(graph, id, "matmul", {left, right});
  std::vector<std::int64_t> shape, perm;
  const std::string order = batch + rows + columns;
  for (const char label : order) shape.push_back(has(terms->a, label) ? a.extent(label) : b.extent(label));
  for (const char label : terms->out) perm.push_back(static_cast<std::int64_t>(order.find(label)));
  const TensorId apart =
      insert_layer(graph, id, "reshape", {product, add_integers(graph, graph.layer(id).name + ".shape", shape)});
  Attributes attributes;
  attributes.set("perm", perm);
  replace_layer(graph, id, "transpose", {apart}, std::move(attributes));
  return true;
}

}  // namespace

bool einsum_products(Graph& graph) {
  bool changed = false;
  for (const LayerId id : layers_of(graph))
    if (is_op(graph, id, "einsum")) changed = rewrite(graph, id) || changed;
  return changed;
}

}  // namespace vireo::passes
