#include "engine/graph/count_iterations.h"

#include <algorithm>

#include "engine/graph/evaluate.h"
#include "engine/graph/extract.h"
#include "engine/graph/operator.h"

namespace vireo::graph {
namespace {

constexpr std::size_t kMostBytes = 4096;  // of one tensor that the condition needs

/// The part of a body that its condition needs.
class Part {
 public:
  Part(const LoopBody& body, const std::vector<ConstantPtr>& values) : body_(body), values_(values) {}

  /// False where the condition needs more than constants.
  [[nodiscard]] bool find() {
    const Graph& g = body_.graph;
    layers_.assign(static_cast<std::size_t>(g.layer_count()), 0);
    carried_.assign(body_.carried, 0);
    std::vector<TensorId> open{tensor_of(body_.results[0])};
    while (!open.empty()) {
      const TensorId t = open.back();
      open.pop_back();
      const LayerId producer = t == kNone ? kNone : g.tensor(t).producer;
      if (t == kNone || g.tensor(t).constant) continue;
      if (producer == kNone) {
        const auto input = static_cast<std::size_t>(std::ranges::find(g.inputs(), t) - g.inputs().begin());
        if (input < 2) continue;
        const std::size_t k = input - 2;
        if (k >= body_.carried || input >= values_.size() || !values_[input] || values_[input]->bytes() > kMostBytes)
          return false;
        if (!carried_[k]) open.push_back(tensor_of(body_.results[1 + k]));
        carried_[k] = 1;
        continue;
      }
      char& known = layers_[static_cast<std::size_t>(producer)];
      const Layer& layer = g.layer(producer);
      if (layer.op->costly || layer.op->body || layer.op->loop_body) return false;
      if (!known) open.insert(open.end(), layer.inputs.begin(), layer.inputs.end());
      known = 1;
    }
    return true;
  }

  [[nodiscard]] std::optional<std::int64_t> run(std::int64_t trips, bool holds, std::int64_t most) const {
    const Graph& g = body_.graph;
    Graph part;
    Extract extract(g, part);
    std::vector<ConstantPtr> given;
    std::vector<std::size_t> wanted{0};  // results
    for (std::size_t k = 0; k < 2 + body_.carried; ++k) {
      if (k >= 2 && !carried_[k - 2]) continue;
      extract.input(g.inputs()[k], g.tensor(g.inputs()[k]).name);
      given.push_back(k < 2 ? nullptr : values_[k]);
      if (k >= 2) wanted.push_back(k - 1);
    }
    for (const LayerId id : g.topological_order())
      if (layers_[static_cast<std::size_t>(id)]) extract.layer(id);
    for (const std::size_t k : wanted) part.mark_output(extract.tensor(tensor_of(body_.results[k])));
    const Dims number_dims = g.tensor(g.inputs()[0]).dims, condition_dims = g.tensor(g.inputs()[1]).dims;
    std::int64_t i = 0;
    for (; i < trips && holds; ++i) {
      if (i == most) return std::nullopt;
      const std::uint8_t yes = 1;
      given[0] = make_constant(DataType::int64, number_dims, &i, sizeof i);
      given[1] = make_constant(DataType::boolean, condition_dims, &yes, 1);
      const std::vector<ConstantPtr> made = evaluate_graph(part, given, {}, kMostBytes);
      if (made[0]->count() != 1) return std::nullopt;
      holds = to_integers(*made[0])[0] != 0;
      std::copy(made.begin() + 1, made.end(), given.begin() + 2);
    }
    return i;
  }

 private:
  [[nodiscard]] TensorId tensor_of(int result) const {
    return result < 0 ? body_.graph.inputs()[static_cast<std::size_t>(-1 - result)]
                      : body_.graph.outputs()[static_cast<std::size_t>(result)].tensor;
  }

  const LoopBody& body_;
  const std::vector<ConstantPtr>& values_;
  std::vector<char> layers_, carried_;
};

}  // namespace

std::optional<std::int64_t> count_iterations(const Graph& graph, LayerId id, std::int64_t most) {
  const Layer& layer = graph.layer(id);
  if (!layer.op->loop_body) return std::nullopt;
  std::vector<ConstantPtr> values;
  for (const TensorId t : layer.inputs) values.push_back(t == kNone ? nullptr : graph.tensor(t).constant);
  for (std::size_t k = 0; k < 2 && k < values.size(); ++k)
    if (layer.inputs[k] != kNone && (!values[k] || values[k]->count() != 1)) return std::nullopt;
  try {
    const LoopBody body = layer.op->loop_body(layer.attributes, values);
    Part part(body, values);
    if (!body.breaks || !part.find()) return std::nullopt;
    const std::int64_t trips = !values.empty() && values[0] ? to_integers(*values[0])[0] : INT64_MAX;
    const bool holds = values.size() < 2 || !values[1] || to_integers(*values[1])[0] != 0;
    return part.run(trips, holds, most);
  } catch (const Error&) {
    return std::nullopt;  // what can't be is an error of the run that gets so far
  }
}

}  // namespace vireo::graph
