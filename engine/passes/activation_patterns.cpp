// Activations that exporters write as several layers (x * sigmoid(x), the erf and tanh forms of gelu, x * relu6(x + 3)
// / 6, softplus as log(1 + exp(x)), …) become one layer. There are many ways to write each, so the pass looks at values
// rather than at forms: a group of elementwise layers with scalar constants and one input is a function of one
// variable; it is computed in double precision at many points and compared with the functions that the engine has.

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"

namespace vireo::passes {
namespace {

constexpr std::size_t kMaxLayers = 14;     // in one group
constexpr double kTolerance = 4e-6;        // relative to max(1, |x|): constants are rounded to float

using Samples = std::vector<double>;

const Samples& points() {
  static const Samples kPoints = [] {
    Samples x{0, 1, -1, 2.5, -2.5, 3, -3, 6, -6, 20, -20, 40, -40, 80, -80};
    for (double v = -9; v <= 9; v += 0.1371) x.push_back(v);
    return x;
  }();
  return kPoints;
}

bool is_scalar_function(const Graph& graph, LayerId id) {
  const Layer& layer = graph.layer(id);
  if (layer.outputs.size() != 1 || !is_float(graph.tensor(layer.outputs[0]).dtype)) return false;
  if (layer.op->name == "unary") return true;
  if (layer.op->name != "binary") return false;
  const std::string function = function_of(graph, id);
  return function != "prelu" && function != "mod" && function != "fmod";
}

/// Constants of one element that don't change the rank.
bool is_scalar(const Graph& graph, TensorId tensor, std::size_t rank) {
  const Constant* constant = constant_of(graph, tensor);
  return constant != nullptr && constant->count() == 1 && constant->dims.size() <= rank;
}

/// A group of layers under construction: everything between `root`'s output and the leaves.
struct Group {
  std::vector<LayerId> layers;   ///< consumers before producers
  std::set<TensorId> leaves;     ///< variables the group reads
};

/// Moves the latest leaf that only the group reads into the group. False when none can be.
bool grow(const Graph& graph, const std::map<LayerId, int>& position, Group& group) {
  LayerId best = kNone;
  for (const TensorId leaf : group.leaves) {
    const Tensor& tensor = graph.tensor(leaf);
    if (tensor.producer == kNone || graph.is_output(leaf) || !is_scalar_function(graph, tensor.producer)) continue;
    const bool inside = std::all_of(tensor.consumers.begin(), tensor.consumers.end(), [&](LayerId reader) {
      return std::find(group.layers.begin(), group.layers.end(), reader) != group.layers.end();
    });
    if (inside && (best == kNone || position.at(tensor.producer) > position.at(best))) best = tensor.producer;
  }
  if (best == kNone || group.layers.size() >= kMaxLayers) return false;
  group.layers.push_back(best);
  group.leaves.erase(output_of(graph, best));
  const std::size_t rank = rank_of(graph, output_of(graph, best));
  for (const TensorId input : graph.layer(best).inputs)
    if (input != kNone && !is_scalar(graph, input, rank)) group.leaves.insert(input);
  return true;
}

/// The group as a function of its one leaf. Empty when a reference refuses.
Samples evaluate(const Graph& graph, const Group& group, TensorId leaf) {
  std::map<TensorId, Samples> values;
  values[leaf] = points();
  const Dims dims{static_cast<std::int64_t>(points().size())};
  for (auto id = group.layers.rbegin(); id != group.layers.rend(); ++id) {
    const Layer& layer = graph.layer(*id);
    std::vector<graph::View> inputs;
    for (const TensorId input : layer.inputs) {
      auto known = values.find(input);
      if (known == values.end())
        known = values.emplace(input, Samples(points().size(), *scalar_of(graph, input))).first;
      inputs.push_back({DataType::float64, dims, known->second.data()});
    }
    Samples result(points().size());
    std::vector<graph::View> outputs{{DataType::float64, dims, result.data()}};
    try {
      layer.op->reference({layer.attributes, inputs, outputs});
    } catch (const Error&) {
      return {};
    }
    values[layer.outputs[0]] = std::move(result);
  }
  return values[output_of(graph, group.layers[0])];
}

struct Candidate {
  std::string_view function;
  double (*value)(double);
  void (*set)(Attributes&) = nullptr;
};

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
double soft_plus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }
double clamp01(double x) { return std::min(1.0, std::max(0.0, x)); }

constexpr Candidate kCandidates[] = {
    {"silu", [](double x) { return x * logistic(x); }},
    {"hard_swish", [](double x) { return x * clamp01(x / 6 + 0.5); }},
    {"mish", [](double x) { return x * std::tanh(soft_plus(x)); }},
    {"gelu", [](double x) { return 0.5 * x * (1 + std::erf(x * M_SQRT1_2)); }},
    {"gelu", [](double x) { return 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))); },
     [](Attributes& attributes) { attributes.set("approximate", std::string("tanh")); }},
    {"hard_sigmoid", [](double x) { return clamp01(x / 6 + 0.5); },
     [](Attributes& attributes) {
       attributes.set("alpha", 1.0 / 6);
       attributes.set("beta", 0.5);
     }},
    {"hard_sigmoid", [](double x) { return clamp01(x * 0.2 + 0.5); },
     [](Attributes& attributes) {
       attributes.set("alpha", 0.2);
       attributes.set("beta", 0.5);
     }},
    {"softplus", soft_plus},
    {"sigmoid", logistic},
    {"tanh", [](double x) { return std::tanh(x); }},
    {"softsign", [](double x) { return x / (1 + std::fabs(x)); }},
    {"relu", [](double x) { return std::max(x, 0.0); }},
    {"clip", [](double x) { return std::min(std::max(x, 0.0), 6.0); },
     [](Attributes& attributes) {
       attributes.set("min", 0.0);
       attributes.set("max", 6.0);
     }},
};

template <typename F>
bool matches(const Samples& values, F&& function) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = points()[i];
    if (!(std::fabs(values[i] - function(x)) <= kTolerance * std::max(1.0, std::fabs(x)))) return false;
  }
  return true;
}

/// The attributes of the unary layer that computes these values; false when none does.
bool recognise(const Samples& values, Attributes& attributes) {
  for (const Candidate& candidate : kCandidates) {
    if (!matches(values, candidate.value)) continue;
    attributes.set("function", std::string(candidate.function));
    if (candidate.set != nullptr) candidate.set(attributes);
    return true;
  }
  const double alpha = -values[2];  // at -1
  if (alpha > 0 && alpha < 1 && matches(values, [alpha](double x) { return x < 0 ? alpha * x : x; })) {
    attributes.set("function", std::string("leaky_relu"));
    attributes.set("alpha", static_cast<double>(static_cast<float>(alpha)));
    return true;
  }
  return false;
}

bool rewrite(Graph& graph, LayerId root, const std::map<LayerId, int>& position) {
  Group group;
  group.leaves.insert(output_of(graph, root));
  Attributes found;
  TensorId variable = kNone;
  std::size_t layers = 0;
  // The root itself may be a network output and may have any readers.
  group.layers.push_back(root);
  group.leaves.clear();
  const std::size_t rank = rank_of(graph, output_of(graph, root));
  for (const TensorId input : graph.layer(root).inputs)
    if (input != kNone && !is_scalar(graph, input, rank)) group.leaves.insert(input);
  do {
    if (group.leaves.size() != 1 || group.layers.size() < 2) continue;
    const TensorId leaf = *group.leaves.begin();
    const Tensor& tensor = graph.tensor(leaf);
    if (tensor.dtype != graph.tensor(output_of(graph, root)).dtype || !tensor.ranked || tensor.dims.size() != rank)
      continue;
    const Samples values = evaluate(graph, group, leaf);
    Attributes attributes;
    if (values.empty() || !recognise(values, attributes)) continue;
    found = std::move(attributes);
    variable = leaf;
    layers = group.layers.size();
  } while (grow(graph, position, group));
  if (layers == 0) return false;
  group.layers.resize(layers);
  replace_layer(graph, root, "unary", {variable}, std::move(found));
  for (std::size_t i = 1; i < layers; ++i) graph.remove_layer(group.layers[i]);
  return true;
}

}  // namespace

bool activation_patterns(Graph& graph) {
  bool changed = false;
  const std::vector<LayerId> order = layers_of(graph);
  std::map<LayerId, int> position;
  for (std::size_t i = 0; i < order.size(); ++i) position[order[i]] = static_cast<int>(i);
  for (const LayerId id : order) {
    if (!graph.layer(id).alive() || !is_scalar_function(graph, id) || position.find(id) == position.end()) continue;
    if (!graph.tensor(output_of(graph, id)).ranked || !rewrite(graph, id, position)) continue;
    changed = true;
    // The new layer has a new id; give it the root's place.
    position[graph.layer_count() - 1] = position[id];
  }
  return changed;
}

}  // namespace vireo::passes
