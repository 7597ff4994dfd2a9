// Channels read as [groups, C / groups] and transposed: reshape, transpose, reshape become one layer, with a split into
// equal parts after it too.

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

std::int64_t product(const Dims& dims, std::size_t from, std::size_t to) {
  std::int64_t total = 1;
  for (std::size_t i = from; i < to; ++i) {
    if (dims[i] < 0) return kUnknown;
    total *= dims[i];
  }
  return total;
}

struct Chain {
  LayerId split = kNone, transpose = kNone, join = kNone;
  TensorId x = kNone;
};

/// reshape → transpose → reshape, ending at `id`, used by nothing else in between.
std::optional<Chain> chain_of(const Graph& graph, LayerId id) {
  Chain chain;
  chain.join = id;
  chain.transpose = producer_of(graph, input_of(graph, id, 0), "transpose");
  if (chain.transpose == kNone) return std::nullopt;
  chain.split = producer_of(graph, input_of(graph, chain.transpose, 0), "reshape");
  if (chain.split == kNone) return std::nullopt;
  chain.x = input_of(graph, chain.split, 0);
  if (!tensor_of(graph, chain.x).ranked || rank_of(graph, chain.x) != 4) return std::nullopt;
  return chain;
}

/// [N,C,H,W] → [N,g,C/g,…] → [N,C/g,g,…] → [N,C,H,W]
bool by_rank(Graph& graph, LayerId id) {
  const auto chain = chain_of(graph, id);
  if (!chain) return false;
  const Dims& x = tensor_of(graph, chain->x).dims;
  const Dims& y = tensor_of(graph, output_of(graph, id)).dims;
  const Dims& wide = tensor_of(graph, output_of(graph, chain->split)).dims;
  const std::vector<std::int64_t> perm = perm_of(graph, chain->transpose);
  if (wide.size() < 4 || y.size() != 4 || perm.size() != wide.size() || perm[0] != 0 || perm[1] != 2 || perm[2] != 1)
    return false;
  for (std::size_t i = 3; i < perm.size(); ++i)
    if (perm[i] != static_cast<std::int64_t>(i)) return false;
  const std::int64_t plane = product(x, 2, 4);
  if (plane < 0 || x[1] < 0 || wide[1] < 0 || wide[1] * wide[2] != x[1] || product(wide, 3, wide.size()) != plane)
    return false;
  if (y[1] != x[1] || y[2] != x[2] || y[3] != x[3]) return false;
  Attributes attributes;
  attributes.set("groups", wide[1]);
  attributes.set("axis", std::int64_t{1});
  replace_layer(graph, id, "channel_shuffle", {chain->x}, std::move(attributes));
  return true;
}

/// [N,C,H,W] → [N*C/2,2,HW] → [2,N*C/2,HW] → [2,N,C/2,H,W], whose halves are gathered: a shuffle and a split.
bool by_halves(Graph& graph, LayerId id) {
  const auto chain = chain_of(graph, id);
  if (!chain) return false;
  const Dims x = tensor_of(graph, chain->x).dims;
  const Dims& y = tensor_of(graph, output_of(graph, id)).dims;
  const Dims& wide = tensor_of(graph, output_of(graph, chain->split)).dims;
  const std::vector<std::int64_t> perm = perm_of(graph, chain->transpose);
  if (!vireo::is_static(x) || wide.size() != 3 || perm != std::vector<std::int64_t>{1, 0, 2} || y.size() != 5)
    return false;
  const std::int64_t parts = wide[1];
  if (parts < 2 || x[1] % parts != 0 || wide != Dims{x[0] * x[1] / parts, parts, x[2] * x[3]}) return false;
  if (y != Dims{parts, x[0], x[1] / parts, x[2], x[3]} || graph.is_output(output_of(graph, id))) return false;
  const std::vector<LayerId> readers = tensor_of(graph, output_of(graph, id)).consumers;
  for (const LayerId reader : readers) {
    const bool gathers = is_op(graph, reader, "gather") && graph.layer(reader).attributes.integer("axis", 0) == 0;
    const Constant* index = gathers ? constant_of(graph, input_of(graph, reader, 1)) : nullptr;
    if (index == nullptr || !index->dims.empty() || input_of(graph, reader, 0) != output_of(graph, id)) return false;
    const std::int64_t entry = graph::to_integers(*index)[0];
    if (entry < -parts || entry >= parts) return false;  // the layer itself reports it
    for (const TensorId output : graph.layer(reader).outputs)
      if (graph.is_output(output)) return false;
  }
  Attributes shuffle, split;
  shuffle.set("groups", x[1] / parts);
  shuffle.set("axis", std::int64_t{1});
  split.set("axis", std::int64_t{1});
  split.set("split", std::vector<std::int64_t>(static_cast<std::size_t>(parts), x[1] / parts));
  const TensorId shuffled = insert_layer(graph, id, "channel_shuffle", {chain->x}, std::move(shuffle));
  const LayerId cut = graph.add_layer(find_op("split"), graph.layer(id).name + ".split", {shuffled}, std::move(split),
                                      static_cast<int>(parts));
  for (const LayerId reader : readers) {
    std::int64_t index = graph::to_integers(*constant_of(graph, input_of(graph, reader, 1)))[0];
    if (index < 0) index += parts;
    graph.replace_uses(output_of(graph, reader), output_of(graph, cut, static_cast<int>(index)));
    graph.remove_layer(reader);
  }
  return true;
}

/// A shuffle that only a split into equal parts of whole groups reads writes the parts itself. Parts of one group
/// stay: picking every n-th channel separately for each part is slower than turning all and copying.
bool with_split(Graph& graph, LayerId id) {
  const LayerId shuffle = producer_of(graph, input_of(graph, id, 0), "channel_shuffle");
  if (shuffle == kNone || !used_once(graph, output_of(graph, shuffle)) || graph.layer(shuffle).outputs.size() != 1)
    return false;
  const TensorId x = input_of(graph, shuffle, 0);
  if (!tensor_of(graph, x).ranked) return false;
  const auto rank = static_cast<std::int64_t>(rank_of(graph, x));
  const auto axis_of = [&](LayerId layer, std::int64_t fallback) {
    const std::int64_t axis = graph.layer(layer).attributes.integer("axis", fallback);
    return axis < 0 ? axis + rank : axis;
  };
  const std::int64_t axis = axis_of(shuffle, 1);
  if (axis_of(id, 0) != axis) return false;
  const std::int64_t groups = graph.layer(shuffle).attributes.integer("groups", 1);
  const std::int64_t extent = tensor_of(graph, x).dims[static_cast<std::size_t>(axis)];
  const std::vector<TensorId>& outputs = graph.layer(id).outputs;
  const auto parts = static_cast<std::int64_t>(outputs.size());
  if (extent < 0 || extent / groups % parts != 0 || extent / groups / parts < 2) return false;
  for (const TensorId output : outputs)
    if (output == kNone || tensor_of(graph, output).dims[static_cast<std::size_t>(axis)] != extent / parts)
      return false;
  replace_layer(graph, id, "channel_shuffle", {x}, graph.layer(shuffle).attributes);
  return true;
}

}  // namespace

bool channel_shuffle(Graph& graph) {
  if (!has_op("channel_shuffle")) return false;
  bool changed = false;
  for (const LayerId id : layers_of(graph)) {
    if (is_op(graph, id, "reshape") && (by_rank(graph, id) || by_halves(graph, id))) changed = true;
    if (is_op(graph, id, "split") && with_split(graph, id)) changed = true;
  }
  return changed;
}

}  // namespace vireo::passes
