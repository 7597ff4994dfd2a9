// Equal layers on equal inputs are computed once; small equal constants are one.

#include <map>

#include "engine/base/text.h"
#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

constexpr std::size_t kSmall = 4096;  // bytes of constants compared by value

std::string key_of(const Layer& layer, const std::vector<TensorId>& representative) {
  std::string key = base::str(layer.op->name, "/", layer.outputs.size());
  for (const TensorId input : layer.inputs)
    key += base::str(",", input == kNone ? kNone : representative[static_cast<std::size_t>(input)]);
  for (const auto& [name, value] : layer.attributes.all()) {
    key += base::str(";", name, "=", value.index(), ":");
    if (const auto* v = std::get_if<std::int64_t>(&value)) key += base::str(*v);
    if (const auto* v = std::get_if<double>(&value)) key += base::str(*v);
    if (const auto* v = std::get_if<std::string>(&value)) key += base::str(v->size(), ":", *v);
    if (const auto* v = std::get_if<std::vector<std::int64_t>>(&value))
      for (const std::int64_t item : *v) key += base::str(item, " ");
    if (const auto* v = std::get_if<std::vector<double>>(&value))
      for (const double item : *v) key += base::str(item, " ");
  }
  return key;
}

/// For each tensor the first one that is known to be equal.
std::vector<TensorId> equal_constants(const Graph& graph) {
  std::vector<TensorId> representative(static_cast<std::size_t>(graph.tensor_count()));
  std::map<std::string, TensorId> seen;
  std::map<const void*, TensorId> shared;
  for (TensorId id = 0; id < graph.tensor_count(); ++id) {
    representative[static_cast<std::size_t>(id)] = id;
    const Constant* constant = constant_of(graph, id);
    if (constant == nullptr || tensor_of(graph, id).consumers.empty()) continue;
    const std::size_t bytes = constant->bytes();
    std::string key = base::str(constant->dtype, constant->dims, "|");
    if (bytes <= kSmall) {
      key.append(reinterpret_cast<const char*>(constant->read()), bytes);
    } else if (constant->data) {
      key += base::str("@", reinterpret_cast<std::uintptr_t>(constant->data.get()));
    } else {  // left out of a plan; its checksum says which it was
      key += base::str("#", constant->checksum());
    }
    representative[static_cast<std::size_t>(id)] = seen.emplace(std::move(key), id).first->second;
  }
  return representative;
}

}  // namespace

bool common_subexpressions(Graph& graph) {
  bool changed = false;
  const std::vector<TensorId> representative = equal_constants(graph);
  for (TensorId id = 0; id < graph.tensor_count(); ++id) {
    const TensorId first = representative[static_cast<std::size_t>(id)];
    if (first == id || graph.is_output(id)) continue;
    graph.replace_uses(id, first);
    changed = true;
  }
  std::map<std::string, LayerId> seen;
  for (const LayerId id : layers_of(graph)) {
    const auto [entry, fresh] = seen.emplace(key_of(graph.layer(id), representative), id);
    if (fresh) continue;
    const std::vector<TensorId> ours = graph.layer(id).outputs;
    const std::vector<TensorId> theirs = graph.layer(entry->second).outputs;
    bool possible = true;
    for (std::size_t k = 0; k < ours.size(); ++k)
      possible = possible && (ours[k] == kNone || (theirs[k] != kNone && can_redirect(graph, ours[k], theirs[k])));
    if (!possible) continue;
    for (std::size_t k = 0; k < ours.size(); ++k)
      if (ours[k] != kNone) graph.replace_uses(ours[k], theirs[k]);
    graph.remove_layer(id);
    changed = true;
  }
  return changed;
}

}  // namespace vireo::passes
