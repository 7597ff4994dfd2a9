// Activations that exporters write as several layers (x * sigmoid(x), the erf and tanh forms of gelu, x * relu6(x + 3)
// / 6, …) become one layer. There are many ways to write each: a group of elementwise layers
// with scalar constants and one input is a function of one variable, and two of those are compared in a normal form
// (scalar_algebra.h), constants and all. Only the rounding of a constant to the tensor's type is allowed for.

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "engine/graph/operator.h"
#include "engine/passes/edit.h"
#include "engine/passes/list.h"
#include "engine/passes/scalar_algebra.h"

namespace vireo::passes {
namespace {

constexpr std::size_t kMaxLayers = 14;  // in one group
constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Maybe = Algebra::Maybe;

/// The relative difference between two constants of this type that mean the same number: a few roundings.
double tolerance_of(DataType dtype) {
  if (dtype == DataType::float64) return 1e-12;
  if (dtype == DataType::float16) return 1e-3;
  return dtype == DataType::bfloat16 ? 8e-3 : 2.5e-7;
}

bool is_scalar_function(const Graph& graph, LayerId id) {
  const Layer& layer = graph.layer(id);
  if (layer.outputs.size() != 1 || !is_float(tensor_of(graph, layer.outputs[0]).dtype)) return false;
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
  std::vector<LayerId> layers;  ///< consumers before producers
  std::set<TensorId> leaves;    ///< variables the group reads
};

/// Moves the latest leaf that only the group reads into the group. False when none can be.
bool grow(const Graph& graph, const std::map<LayerId, int>& position, Group& group) {
  LayerId best = kNone;
  for (const TensorId leaf : group.leaves) {
    const Tensor& tensor = tensor_of(graph, leaf);
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

Maybe times(const Maybe& a, const Maybe& b) { return a && b ? Algebra::multiply(*a, *b) : std::nullopt; }

Maybe hard_sigmoid(Algebra& algebra, const Sum& x, double alpha, double beta) {
  const Maybe scaled = Algebra::multiply(x, Algebra::constant(alpha));
  const Maybe shifted = scaled ? Algebra::add(*scaled, Algebra::constant(beta)) : std::nullopt;
  return shifted ? algebra.clip(*shifted, 0, 1) : std::nullopt;
}

Maybe unary_of(Algebra& algebra, const Attributes& attributes, const Sum& x) {
  const std::string function = attributes.text("function", "");
  if (function == "identity") return x;
  if (function == "neg") return Algebra::multiply(x, Algebra::constant(-1));
  if (function == "relu") return algebra.clip(x, 0, kInfinity);
  if (function == "clip") return algebra.clip(x, attributes.real("min", -kInfinity), attributes.real("max", kInfinity));
  if (function == "reciprocal") return algebra.reciprocal(x);
  if (function == "log") return algebra.logarithm(x);
  if (function == "hard_sigmoid")
    return hard_sigmoid(algebra, x, attributes.real("alpha", 0.2), attributes.real("beta", 0.5));
  if (function == "abs") {
    const Maybe half = algebra.clip(x, 0, kInfinity);
    const Maybe twice = times(half, Algebra::constant(2));
    return twice ? Algebra::add(*twice, x, -1) : std::nullopt;
  }
  if (function == "exp" || function == "erf" || function == "tanh" || function == "sigmoid" || function == "softplus")
    return algebra.call(function, x);
  return std::nullopt;
}

/// The sum's value where it is one number.
std::optional<double> number_of(const Sum& x) {
  if (x.empty()) return 0;
  return x.size() == 1 && x.begin()->first.empty() ? std::optional(x.begin()->second) : std::nullopt;
}

/// The smaller or larger of two: by bounds where one is a number, of whatever size.
Maybe extreme(Algebra& algebra, const Sum& a, const Sum& b, bool larger) {
  for (const auto& [x, bound] : {std::pair(&a, number_of(b)), std::pair(&b, number_of(a))})
    if (bound) return larger ? algebra.clip(*x, *bound, kInfinity) : algebra.clip(*x, -kInfinity, *bound);
  const Maybe difference = Algebra::add(a, b, -1);
  const Maybe excess = difference ? algebra.clip(*difference, 0, kInfinity) : std::nullopt;
  if (!excess) return std::nullopt;
  return larger ? Algebra::add(b, *excess) : Algebra::add(a, *excess, -1);
}

Maybe binary_of(Algebra& algebra, const std::string& function, const Sum& a, const Sum& b) {
  if (function == "add") return Algebra::add(a, b);
  if (function == "sub") return Algebra::add(a, b, -1);
  if (function == "mul") return Algebra::multiply(a, b);
  if (function == "div") return times(a, algebra.reciprocal(b));
  if (function == "max" || function == "min") return extreme(algebra, a, b, function == "max");
  if (function != "pow") return std::nullopt;
  const std::optional<double> power = number_of(b);
  if (power == 1.0) return a;
  if (power == 2.0) return Algebra::multiply(a, a);
  return power == 3.0 ? times(Algebra::multiply(a, a), a) : std::nullopt;
}

/// The group as a function of its one leaf; nothing when it has no normal form.
Maybe function_of_leaf(Algebra& algebra, const Graph& graph, const Group& group, TensorId leaf) {
  std::map<TensorId, Sum> values;
  values[leaf] = algebra.variable();
  for (auto id = group.layers.rbegin(); id != group.layers.rend(); ++id) {
    const Layer& layer = graph.layer(*id);
    const auto operand = [&](int k) {
      const TensorId input = input_of(graph, *id, k);
      const auto known = values.find(input);
      return known != values.end() ? known->second : Algebra::constant(scalar_of(graph, input).value_or(NAN));
    };
    const Maybe result = layer.op->name == "unary"
                             ? unary_of(algebra, layer.attributes, operand(0))
                             : binary_of(algebra, function_of(graph, *id), operand(0), operand(1));
    if (!result) return std::nullopt;
    values[layer.outputs[0]] = *result;
  }
  return values[output_of(graph, group.layers[0])];
}

/// The functions without parameters that the engine has, as they are defined. Softplus is not among them: written with
/// exp and log it overflows where the engine's own does not, and a rewrite keeps what a network gives.
struct Known {
  std::string_view function, approximate;
  Maybe form;
};

std::vector<Known> known_functions(Algebra& algebra) {
  const Sum x = algebra.variable();
  const auto one_plus = [](const Maybe& e) { return e ? Algebra::add(Algebra::constant(1), *e) : std::nullopt; };
  const auto scaled = [](double factor, const Maybe& e) {
    return e ? Algebra::multiply(Algebra::constant(factor), *e) : std::nullopt;
  };
  const auto x_times = [&](const Maybe& e) { return times(x, e); };
  const auto called = [&](std::string_view function, const Maybe& e) {
    return e ? algebra.call(function, *e) : std::nullopt;
  };
  const Maybe cube = x_times(Algebra::multiply(x, x));
  const double root = std::sqrt(M_2_PI);
  const Maybe bent = Algebra::add(*scaled(root, x), *scaled(root * 0.044715, cube));
  Attributes absolute;
  absolute.set("function", std::string("abs"));
  return {{"silu", "", x_times(called("sigmoid", x))},
          {"hard_swish", "", x_times(hard_sigmoid(algebra, x, 1.0 / 6, 0.5))},
          {"mish", "", x_times(called("tanh", called("softplus", x)))},
          {"gelu", "", scaled(0.5, x_times(one_plus(called("erf", scaled(M_SQRT1_2, x)))))},
          {"gelu", "tanh", scaled(0.5, x_times(one_plus(called("tanh", bent))))},
          {"sigmoid", "", called("sigmoid", x)},
          {"softsign", "", x_times(algebra.reciprocal(*one_plus(unary_of(algebra, absolute, x))))}};
}

/// The attributes of the unary layer that is this function; false when there is none.
bool recognise(Algebra& algebra, const Sum& form, double tolerance, Attributes& attributes) {
  const auto one_of = [&](double a, double b) { return std::fabs(a - b) <= tolerance; };
  if (const auto clamp = algebra.as_clamp(form)) {
    if (clamp->shift == 0 && one_of(clamp->factor, 1)) {
      const bool relu = clamp->low == 0 && clamp->high == kInfinity;
      attributes.set("function", std::string(relu ? "relu" : "clip"));
      if (!relu && clamp->low > -kInfinity) attributes.set("min", clamp->low);
      if (!relu && clamp->high < kInfinity) attributes.set("max", clamp->high);
      return true;
    }
    // Zero is zero: a smaller bound, or an addition of something small, is what keeps a logarithm or a division finite.
    const double least = clamp->factor * clamp->low + clamp->shift, most = clamp->factor * clamp->high + clamp->shift;
    const bool zero = std::fabs(least) <= 4 * std::numeric_limits<double>::epsilon() * std::fabs(clamp->shift);
    if (clamp->factor > 0 && std::isfinite(clamp->low) && std::isfinite(clamp->high) && zero && one_of(most, 1)) {
      attributes.set("function", std::string("hard_sigmoid"));
      attributes.set("alpha", clamp->factor);
      attributes.set("beta", clamp->shift);
      return true;
    }
    return false;
  }
  if (const auto slope = algebra.as_leaky(form, tolerance); slope && *slope > 0 && *slope < 1) {
    attributes.set("function", std::string("leaky_relu"));
    attributes.set("alpha", *slope);
    return true;
  }
  for (const Known& known : known_functions(algebra)) {
    if (!known.form || !algebra.equal(form, *known.form, tolerance)) continue;
    attributes.set("function", std::string(known.function));
    if (!known.approximate.empty()) attributes.set("approximate", std::string(known.approximate));
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
    const Tensor& tensor = tensor_of(graph, leaf);
    if (tensor.dtype != tensor_of(graph, output_of(graph, root)).dtype || !tensor.ranked || tensor.dims.size() != rank)
      continue;
    Algebra algebra;
    const Maybe form = function_of_leaf(algebra, graph, group, leaf);
    Attributes attributes;
    if (!form || !recognise(algebra, *form, tolerance_of(tensor.dtype), attributes)) continue;
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
    if (!tensor_of(graph, output_of(graph, id)).ranked || !rewrite(graph, id, position)) continue;
    changed = true;
    // The new layer has a new id; give it the root's place.
    position[graph.layer_count() - 1] = position[id];
  }
  return changed;
}

}  // namespace vireo::passes
