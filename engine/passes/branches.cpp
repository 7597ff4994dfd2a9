// A layer that means one of two branches becomes the layers of the branch that is taken, once its condition is
// known: their types follow from the tensors around them.

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "engine/graph/evaluate.h"
#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

bool is_decided(const Graph& graph, LayerId id) {
  const Layer& layer = graph.layer(id);
  return layer.alive() && layer.op->body && constant_of(graph, input_of(graph, id, 0)) != nullptr;
}

class Inliner {
 public:
  explicit Inliner(Graph& graph) : graph_(graph) {
    for (TensorId id = 0; id < graph.tensor_count(); ++id) names_.insert(graph.tensor(id).name);
  }

  void run(LayerId id) {
    const Layer layer = graph_.layer(id);
    const Graph branch = graph::body_of(graph_, id);
    graph_.remove_layer(id);
    copied_.clear();
    for (std::size_t k = 0; k < branch.inputs().size(); ++k) copied_[branch.inputs()[k]] = layer.inputs[k + 1];
    // What a layer of the branch writes takes the place of the output; an input, a constant or what is an output
    // already is copied into it.
    std::vector<std::size_t> copies;
    for (std::size_t k = 0; k < layer.outputs.size(); ++k) {
      const TensorId result = branch.outputs()[k].tensor;
      const bool own = branch.tensor(result).producer != kNone;
      if (!own || !copied_.emplace(result, layer.outputs[k]).second) copies.push_back(k);
    }
    for (const LayerId inner : branch.topological_order()) copy(branch, branch.layer(inner));
    for (const std::size_t k : copies)
      graph_.add_layer_into(find_op("unary"), layer.name, {tensor(branch, branch.outputs()[k].tensor)},
                            {layer.outputs[k]}, identity());
  }

 private:
  static Attributes identity() {
    Attributes attributes;
    attributes.set("function", std::string("identity"));
    return attributes;
  }

  TensorId tensor(const Graph& branch, TensorId id) {
    if (id == kNone) return kNone;
    const auto [copy, fresh] = copied_.try_emplace(id, kNone);
    if (!fresh) return copy->second;
    const Tensor& original = branch.tensor(id);
    std::string name = original.name;
    while (!names_.insert(name).second) name = graph_.unique_name(original.name);
    copy->second = original.constant ? graph_.add_constant(std::move(name), original.constant)
                                     : graph_.add_tensor(std::move(name), original.dtype);
    return copy->second;
  }

  void copy(const Graph& branch, const Layer& layer) {
    std::vector<TensorId> inputs, outputs;
    for (const TensorId id : layer.inputs) inputs.push_back(tensor(branch, id));
    for (const TensorId id : layer.outputs) outputs.push_back(tensor(branch, id));
    graph_.add_layer_into(*layer.op, layer.name, std::move(inputs), std::move(outputs), layer.attributes);
  }

  Graph& graph_;
  std::unordered_set<std::string> names_;
  std::unordered_map<TensorId, TensorId> copied_;
};

}  // namespace

bool branches(Graph& graph) {
  bool changed = false;
  // Branches inside a branch appear with it.
  for (bool again = true; again;) {
    again = false;
    std::vector<LayerId> decided;
    for (LayerId id = 0; id < graph.layer_count(); ++id)
      if (is_decided(graph, id)) decided.push_back(id);
    if (decided.empty()) break;
    Inliner inliner(graph);
    for (const LayerId id : decided) inliner.run(id);
    graph.infer_all();
    changed = again = true;
  }
  return changed;
}

}  // namespace vireo::passes
