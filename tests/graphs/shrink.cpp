#include "tests/graphs/shrink.h"

#include <map>
#include <set>

#include "engine/graph/evaluate.h"
#include "engine/graph/operator.h"
#include "tests/graphs/reference.h"

namespace vireo::graphs_testing {
namespace {

using graph::ConstantPtr;
using graph::Graph;
using graph::kNone;
using graph::LayerId;
using graph::TensorId;

/// The network of some outputs without the layers in `cut`, whose outputs become inputs; layers that no output needs
/// are gone. Dims of new inputs are those of their values.
Sample part_of(const Sample& sample, const std::vector<ConstantPtr>& values, const std::vector<Graph::Output>& outputs,
               const std::set<LayerId>& cut, bool known_extents) {
  const Graph& from = sample.graph;
  std::set<LayerId> needed;
  std::vector<TensorId> open;
  for (const Graph::Output& output : outputs) open.push_back(output.tensor);
  while (!open.empty()) {
    const TensorId t = open.back();
    open.pop_back();
    const LayerId producer = from.tensor(t).producer;
    if (producer == kNone || cut.contains(producer) || !needed.insert(producer).second) continue;
    for (const TensorId input : from.layer(producer).inputs)
      if (input != kNone) open.push_back(input);
  }
  Sample result;
  Graph& g = result.graph;
  std::map<TensorId, TensorId> made;
  const auto tensor = [&](TensorId t) {
    if (t == kNone) return kNone;
    const auto [it, fresh] = made.try_emplace(t, kNone);
    if (!fresh) return it->second;
    const graph::Tensor& old = from.tensor(t);
    if (old.constant) return it->second = g.add_constant(old.name, old.constant);
    if (old.producer != kNone && needed.contains(old.producer)) return it->second = g.add_tensor(old.name);
    const ConstantPtr& value = values[static_cast<std::size_t>(t)];
    result.inputs.push_back(value);
    if (old.producer == kNone && !known_extents)
      return it->second = g.add_input(old.name, old.dtype, old.dims, old.symbols);
    return it->second = g.add_input(old.name, value->dtype, value->dims);
  };
  for (const LayerId id : from.topological_order()) {
    if (!needed.contains(id)) continue;
    const graph::Layer& layer = from.layer(id);
    std::vector<TensorId> inputs, outs;
    for (const TensorId t : layer.inputs) inputs.push_back(tensor(t));
    for (const TensorId t : layer.outputs) outs.push_back(tensor(t));
    (void)g.add_layer_into(*layer.op, layer.name, inputs, outs, layer.attributes);
  }
  for (const Graph::Output& output : outputs) g.mark_output(tensor(output.tensor), output.name);
  g.compact();
  g.infer_all();
  return result;
}

}  // namespace

Sample shrink(Sample sample, const std::function<bool(const Sample&)>& fails) {
  bool smaller = true;
  for (int round = 0; smaller && round < 6; ++round) {
    smaller = false;
    const auto attempt = [&](const auto& make) {
      try {
        Sample candidate = make();
        if (!fails(candidate)) return false;
        sample = std::move(candidate);
        smaller = true;
        return true;
      } catch (const std::exception&) {
        return false;  // no network
      }
    };
    std::vector<ConstantPtr> values = evaluate_tensors(sample.graph, sample.inputs);
    for (const Graph::Output& output : sample.graph.outputs())
      if (sample.graph.outputs().size() > 1 && attempt([&] { return part_of(sample, values, {output}, {}, false); }))
        break;
    for (std::size_t k = 0; k < sample.graph.outputs().size() && sample.graph.outputs().size() > 1;) {
      values = evaluate_tensors(sample.graph, sample.inputs);
      std::vector<Graph::Output> rest = sample.graph.outputs();
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(k));
      if (!attempt([&] { return part_of(sample, values, rest, {}, false); })) ++k;
    }
    (void)(attempt([&] {
             return part_of(sample, evaluate_tensors(sample.graph, sample.inputs), sample.graph.outputs(), {}, true);
           }) &&
           !(smaller = round == 0));
    // Layers go from the inputs on, and outputs move towards the inputs.
    for (LayerId id = 0; id < sample.graph.layer_count();) {
      values = evaluate_tensors(sample.graph, sample.inputs);
      const std::vector<LayerId> order = sample.graph.topological_order();
      const LayerId layer = order[static_cast<std::size_t>(id)];
      if (!attempt([&] { return part_of(sample, values, sample.graph.outputs(), {layer}, false); })) ++id;
    }
    for (bool moved = true; moved;) {
      moved = false;
      values = evaluate_tensors(sample.graph, sample.inputs);
      const std::vector<Graph::Output> outputs = sample.graph.outputs();
      for (std::size_t k = 0; k < outputs.size() && !moved; ++k) {
        const LayerId producer = sample.graph.tensor(outputs[k].tensor).producer;
        if (producer == kNone) continue;
        for (const TensorId input : std::vector<TensorId>(sample.graph.layer(producer).inputs)) {
          if (input == kNone || sample.graph.tensor(input).constant) continue;
          std::vector<Graph::Output> other = outputs;
          other[k].tensor = input;
          if ((moved = attempt([&] { return part_of(sample, values, other, {}, false); }))) break;
        }
      }
    }
    // A layer that keeps type and extents may be passed by.
    for (LayerId id = 0; id < sample.graph.layer_count(); ++id) {
      values = evaluate_tensors(sample.graph, sample.inputs);
      const graph::Layer& layer = sample.graph.layer(id);
      if (layer.outputs.empty() || layer.outputs[0] == kNone) continue;
      const TensorId out = layer.outputs[0];
      for (const TensorId input : std::vector<TensorId>(layer.inputs)) {
        if (input == kNone || sample.graph.tensor(input).constant) continue;
        const ConstantPtr &a = values[static_cast<std::size_t>(input)], &b = values[static_cast<std::size_t>(out)];
        if (a->dtype != b->dtype || a->dims != b->dims) continue;
        Sample bypassed{sample.graph, sample.inputs};
        bypassed.graph.replace_uses(out, input);
        if (attempt([&] { return part_of(bypassed, values, bypassed.graph.outputs(), {}, false); })) {
          --id;
          break;
        }
      }
      if (id < -1) break;
    }
  }
  return sample;
}

}  // namespace vireo::graphs_testing
