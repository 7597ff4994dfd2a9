// Transposes from channels-last to channels-first move through all layers that can work on the other layout just as
// well, until they meet the inverse transpose in front of the next convolution and both go away. They stop at layers
// that say their layout.

#include <algorithm>
#include <set>

#include "engine/base/text.h"
#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"
#include "engine/passes/sink.h"

namespace vireo::passes {
namespace {

/// The last axis moves to index 1: what follows a channels-last layer.
bool moves_last_to_channels(const Perm& perm) {
  if (perm.size() < 3 || perm[0] != 0 || perm[1] != static_cast<std::int64_t>(perm.size()) - 1) return false;
  for (std::size_t i = 2; i < perm.size(); ++i)
    if (perm[i] != static_cast<std::int64_t>(i) - 1) return false;
  return true;
}

/// Some path of layers that a transpose can move through leads to the inverse transpose.
bool leads_to(const Graph& graph, TensorId tensor, const Perm& wanted) {
  constexpr std::size_t kMaxVisited = 400;
  std::set<TensorId> seen{tensor};
  std::vector<TensorId> open{tensor};
  while (!open.empty() && seen.size() < kMaxVisited) {
    const TensorId next = open.back();
    open.pop_back();
    for (const LayerId reader : tensor_of(graph, next).consumers) {
      if (is_op(graph, reader, "transpose") && perm_of(graph, reader) == wanted) return true;
      if (!lets_transposes_through(*graph.layer(reader).op)) continue;
      for (const TensorId output : graph.layer(reader).outputs)
        if (output != kNone && seen.insert(output).second) open.push_back(output);
    }
  }
  return false;
}

/// The transpose that writes the tensor, if it is one to be moved: after channels-last layers, or on the way to its
/// inverse.
LayerId movable(const Graph& graph, TensorId tensor) {
  const LayerId id = producer_of(graph, tensor, "transpose");
  if (id == kNone) return kNone;
  const Perm perm = perm_of(graph, id);
  if (perm.empty()) return kNone;
  return moves_last_to_channels(perm) || leads_to(graph, tensor, inverse(perm)) ? id : kNone;
}

/// Puts the layer's new form in its place, followed by the transposes that its outputs still need.
void settle(Graph& graph, LayerId id, Sunk sunk) {
  const Layer old = graph.layer(id);
  const graph::Operator& op = sunk.op.empty() ? *old.op : find_op(sunk.op);
  graph.remove_layer(id);
  if (is_identity(sunk.perm)) {
    graph.infer(graph.add_layer_into(op, old.name, std::move(sunk.inputs), old.outputs, std::move(sunk.attributes)));
    return;
  }
  const LayerId fresh = graph.add_layer(op, old.name, std::move(sunk.inputs), std::move(sunk.attributes),
                                        static_cast<int>(old.outputs.size()));
  for (std::size_t k = 0; k < old.outputs.size(); ++k) {
    if (old.outputs[k] == kNone) continue;
    Attributes attributes;
    attributes.set("perm", sunk.perm);
    const TensorId from = graph.layer(fresh).outputs[k];
    hand_origin_on(graph, old.outputs[k], from, inverse(sunk.perm));
    graph.infer(graph.add_layer_into(find_op("transpose"), old.name + ".transpose", {from}, {old.outputs[k]},
                                     std::move(attributes)));
  }
}

/// Transposes in a row become one or none.
bool cancel(Graph& graph, LayerId id) {
  const LayerId before = producer_of(graph, input_of(graph, id, 0), "transpose");
  bool changed = false;
  Perm perm = perm_of(graph, id);
  if (perm.empty()) return false;
  if (before != kNone) {
    const Perm first = perm_of(graph, before);
    if (first.size() != perm.size()) return false;
    for (std::int64_t& axis : perm) axis = first[static_cast<std::size_t>(axis)];
    graph.layer(id).attributes.set("perm", perm);
    graph.set_input(id, 0, input_of(graph, before, 0));
    graph.infer(id);
    changed = true;
  }
  return (is_identity(perm) && bypass(graph, id)) || changed;
}

/// The output of a layer that transposes the tensor in this way already.
TensorId transposed_already(const Graph& graph, TensorId tensor, const Perm& perm) {
  for (const LayerId reader : tensor_of(graph, tensor).consumers)
    if (is_op(graph, reader, "transpose") && perm_of(graph, reader) == perm) return output_of(graph, reader);
  return kNone;
}

bool is_single_element(const Tensor& tensor) {
  return tensor.ranked && std::all_of(tensor.dims.begin(), tensor.dims.end(), [](std::int64_t d) { return d == 1; });
}

/// AxisOrder::free_together: all inputs go to the layout of the transposed ones. Those that broadcast may have fewer
/// elements; those that lie next to each other may not.
bool sink_joined(Graph& graph, LayerId id) {
  const std::vector<TensorId> inputs = graph.layer(id).inputs;
  const bool concat = graph.layer(id).op->parts_of_output != nullptr;
  Perm perm;
  int transposed = 0, foreign = 0;
  bool shared = false;
  for (const TensorId input : inputs) {
    const LayerId source = movable(graph, input);
    if (source == kNone) continue;
    const Perm own = perm_of(graph, source);
    if (!perm.empty() && own != perm) return false;
    perm = own;
    ++transposed;
    shared = shared || tensor_of(graph, input).consumers.size() > 1 || graph.is_output(input);
  }
  if (transposed == 0 || !tensor_of(graph, output_of(graph, id)).ranked ||
      rank_of(graph, output_of(graph, id)) != perm.size())
    return false;
  const Perm back = inverse(perm);
  for (const TensorId input : inputs) {
    if (movable(graph, input) != kNone) continue;
    const Tensor& tensor = tensor_of(graph, input);
    if (!tensor.ranked || tensor.dims.size() > perm.size()) return false;
    if (tensor.constant || (!concat && is_single_element(tensor))) continue;
    if (tensor.dims.size() != perm.size()) return false;
    // An existing transposed copy counts only on the way to channels-first: in the other direction, where a
    // channels-last layer wrote the tensor, the two moves would undo each other for ever.
    foreign += moves_last_to_channels(perm) && back != perm && transposed_already(graph, input, back) != kNone ? 0 : 1;
  }
  // A perm that is its own inverse would move back and forth.
  if (foreign > 0 && (!moves_last_to_channels(perm) || back == perm ||
                      (foreign >= transposed && !leads_to(graph, output_of(graph, id), back))))
    return false;
  if (shared && foreign == 0 && transposed == 1 && !leads_to(graph, output_of(graph, id), back) &&
      graph.is_output(output_of(graph, id)))
    return false;

  Sunk sunk{inputs, graph.layer(id).attributes, perm, ""};
  if (concat) {
    const std::int64_t axis = sunk.attributes.integer("axis", graph.layer(id).op->default_axis);
    sunk.attributes.set(
        "axis", perm[static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(perm.size()) : axis)]);
  }
  for (TensorId& input : sunk.inputs) {
    if (const LayerId source = movable(graph, input); source != kNone) {
      input = input_of(graph, source, 0);
      continue;
    }
    const Tensor& tensor = tensor_of(graph, input);
    if (!concat && is_single_element(tensor)) continue;
    if (tensor.constant) {
      Dims dims(perm.size() - tensor.dims.size(), 1);
      dims.insert(dims.end(), tensor.dims.begin(), tensor.dims.end());
      input = add_constant(graph, tensor.name, permuted(*reshaped(*tensor.constant, dims), back));
    } else if (const TensorId known = transposed_already(graph, input, back); known != kNone) {
      input = known;
    } else {
      Attributes attributes;
      attributes.set("perm", back);
      input = insert_layer(graph, id, "transpose", {input}, std::move(attributes));
    }
  }
  settle(graph, id, std::move(sunk));
  return true;
}

/// Through a reshape only where the rest can move on, or meets a transpose at once.
bool worth_it(const Graph& graph, LayerId id, const Sunk& sunk) {
  if (!is_op(graph, id, "reshape") || is_identity(sunk.perm) || moves_last_to_channels(sunk.perm)) return true;
  const std::vector<LayerId>& readers = tensor_of(graph, output_of(graph, id)).consumers;
  return !readers.empty() && !graph.is_output(output_of(graph, id)) &&
         std::all_of(readers.begin(), readers.end(), [&](LayerId reader) { return is_op(graph, reader, "transpose"); });
}

/// Transposes without readers would make their inputs look shared.
void drop_unread(Graph& graph) {
  for (LayerId id = 0; id < graph.layer_count(); ++id) {
    if (!is_op(graph, id, "transpose")) continue;
    const TensorId y = output_of(graph, id);
    if (y == kNone || (tensor_of(graph, y).consumers.empty() && !graph.is_output(y))) graph.remove_layer(id);
  }
}

bool sink(Graph& graph, LayerId id) {
  if (graph.layer(id).attributes.has("layout")) return false;
  if (graph.layer(id).op->axis_order == graph::AxisOrder::free_together) return sink_joined(graph, id);
  const TensorId y = input_of(graph, id, 0);
  const LayerId source = y == kNone ? kNone : movable(graph, y);
  if (source == kNone) return false;
  for (std::size_t k = 1; k < graph.layer(id).inputs.size(); ++k)
    if (graph.layer(id).inputs[k] == y) return false;
  const Perm perm = perm_of(graph, source);
  auto sunk = sink_single(graph, id, input_of(graph, source, 0), perm);
  if (!sunk || !worth_it(graph, id, *sunk)) return false;
  settle(graph, id, std::move(*sunk));
  return true;
}

}  // namespace

bool transpose_sinking(Graph& graph) {
  bool changed = false;
  // Each transpose passes a layer at most once, and most pass few; should they go in circles, the graph is correct
  // wherever they stop.
  auto left = 64 + 32 * static_cast<std::int64_t>(layers_of(graph).size());
  for (bool again = true; again && left > 0;) {
    again = false;
    for (const LayerId id : layers_of(graph)) {
      if (!graph.layer(id).alive()) continue;
      const bool did = is_op(graph, id, "transpose") ? cancel(graph, id) : sink(graph, id);
      again = again || did;
      left -= did ? 1 : 0;
    }
    drop_unread(graph);
    changed = changed || again;
  }
  return changed;
}

}  // namespace vireo::passes
