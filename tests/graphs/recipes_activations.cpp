// What exporters write as several layers and passes make one of, with right and slightly wrong constants.

#include <cmath>

#include "tests/graphs/generator.h"

namespace vireo::graphs_testing {
namespace {

TensorId clip(Generator& g, TensorId x, double low, double high) {
  if (g.chance(0.7)) return g.layer("unary", {x}, {{"function", std::string("clip")}, {"min", low}, {"max", high}});
  return g.either_way("min", g.either_way("max", x, g.scalar(low)), g.scalar(high));
}

void silu(Generator& g) {
  const TensorId x = g.pick();
  TensorId inner = x;
  if (g.chance(0.3)) inner = g.either_way("mul", x, g.scalar(g.one_of({1.702, 1.7, 1.0, 0.5, -1.0})));
  const TensorId gate = g.chance(0.8) ? g.unary("sigmoid", inner)
                                      : g.unary("reciprocal", g.either_way("add", g.unary("exp", g.unary("neg", inner)),
                                                                           g.scalar(g.one_of({1.0, 1.0, 1.01}))));
  TensorId y = g.either_way("mul", x, gate);
  if (g.chance(0.2)) y = g.either_way("mul", y, g.scalar(g.awkward()));
}

void hard_swish(Generator& g) {
  const TensorId x = g.pick();
  const double six = g.one_of({6.0, 6.0, 6.01, 5.0}), three = g.one_of({3.0, 3.0, 3.01, 2.5});
  TensorId gate;
  if (g.chance(0.6)) gate = clip(g, g.either_way("add", x, g.scalar(three)), 0, six);
  else
    gate = g.layer(
        "unary", {x},
        {{"function", std::string("hard_sigmoid")}, {"alpha", g.one_of({1.0 / 6, 0.2, 0.1667})}, {"beta", 0.5}});
  switch (g.below(3)) {
    case 0: (void)g.binary("div", g.either_way("mul", x, gate), g.scalar(g.one_of({6.0, 6.0, 6.01}))); break;
    case 1: (void)g.either_way("mul", x, g.binary("div", gate, g.scalar(g.one_of({6.0, 6.0, 6.01})))); break;
    default: (void)g.either_way("mul", x, g.either_way("mul", gate, g.scalar(g.one_of({1.0 / 6, 0.1667, 1.0}))));
  }
}

void gelu(Generator& g) {
  const TensorId x = g.pick();
  const double half = g.one_of({0.5, 0.5, 0.5, 0.505}), one = g.one_of({1.0, 1.0, 1.0, 1.001});
  TensorId inner;
  if (g.chance(0.5)) {
    inner = g.chance(0.5) ? g.binary("div", x, g.scalar(g.one_of({std::sqrt(2.0), 1.414, 1.4142135})))
                          : g.either_way("mul", x, g.scalar(g.one_of({std::sqrt(0.5), 0.707, 0.70710677})));
    inner = g.unary("erf", inner);
  } else {
    const TensorId cube =
        g.chance(0.5) ? g.binary("pow", x, g.scalar(3)) : g.either_way("mul", g.binary("mul", x, x), x);
    inner = g.either_way("add", x, g.either_way("mul", cube, g.scalar(g.one_of({0.044715, 0.044715, 0.0447, 0.05}))));
    inner = g.unary("tanh", g.either_way("mul", inner, g.scalar(g.one_of({std::sqrt(2 / M_PI), 0.7978, 0.8}))));
  }
  inner = g.either_way("add", inner, g.scalar(one));
  if (g.chance(0.5)) (void)g.either_way("mul", g.either_way("mul", x, inner), g.scalar(half));
  else (void)g.either_way("mul", g.either_way("mul", x, g.scalar(half)), inner);
}

void mish(Generator& g) {
  const TensorId x = g.pick();
  const TensorId soft =
      g.chance(0.5)
          ? g.unary("softplus", x)
          : g.unary("log", g.either_way("add", g.unary("exp", x), g.scalar(g.one_of({1.0, 1.0, 1.001, 2.0}))));
  if (g.chance(0.7)) (void)g.either_way("mul", x, g.unary("tanh", soft));
}

void other_forms(Generator& g) {
  const TensorId x = g.pick();
  switch (g.below(5)) {
    case 0: (void)g.binary("div", x, g.either_way("add", g.unary("abs", x), g.scalar(g.one_of({1.0, 1.001})))); break;
    case 1: (void)g.binary("max", x, g.binary("mul", x, g.scalar(g.one_of({0.1, 0.01, -0.1, 1.5})))); break;
    case 2:
      (void)g.binary(
          "sub", g.unary("relu", x),
          g.binary("mul", g.unary("relu", g.unary("neg", x)), g.floats({g.rank(x) > 0 ? g.dims(x).back() : 1})));
      break;
    case 3: (void)g.unary("sqrt", g.binary("mul", x, x)); break;
    default: (void)g.binary("pow", g.unary("relu", x), g.scalar(g.one_of({2.0, 0.5, 1.0})));
  }
}

/// (x - mean) / sqrt(variance + epsilon) * scale + bias, and forms beside it.
void layer_norm(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 2, 4);
  const auto rank = static_cast<std::int64_t>(g.rank(x));
  Ints axes{-1};
  if (g.chance(0.3)) axes = {rank - 2, rank - 1};
  if (g.chance(0.15)) axes = {g.below(rank)};
  const auto mean = [&](TensorId t) {
    return g.layer("reduce", {t, g.ints(axes)}, {{"mode", std::string("mean")}, {"keepdims", std::int64_t{1}}});
  };
  const TensorId middle = g.binary("sub", x, mean(x));
  const TensorId squares = g.chance(0.6) ? g.binary("pow", middle, g.scalar(2)) : g.binary("mul", middle, middle);
  const double epsilon = g.one_of({1e-5, 1e-12, 1e-6, 1e-3, 0.1, 0.0});
  const TensorId deviation = g.unary("sqrt", g.either_way("add", mean(squares), g.scalar(epsilon)));
  TensorId y = g.chance(0.7) ? g.binary("div", middle, deviation)
                             : g.either_way("mul", middle, g.unary("reciprocal", deviation));
  Dims shape;
  for (std::int64_t k = g.dims(x).size() - axes.size(); k < rank; ++k)
    shape.push_back(g.dims(x)[static_cast<std::size_t>(k)]);
  if (g.chance(0.2)) shape = {1};
  if (g.chance(0.8)) y = g.either_way("mul", y, g.weight(shape, 0.2, 2));
  if (g.chance(0.8)) y = g.either_way("add", y, g.weight(shape));
}

void rms_norm(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 2, 4);
  const TensorId squares = g.binary("mul", x, x);
  const TensorId mean = g.layer("reduce", {squares, g.ints({-1})}, {{"mode", std::string("mean")}});
  const TensorId root = g.unary("sqrt", g.either_way("add", mean, g.scalar(g.one_of({1e-6, 1e-12, 0.1}))));
  (void)g.binary("mul", g.binary("div", x, root), g.weight({g.dims(x).back()}));
}

void unit_length(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 1, 4);
  const TensorId axis = g.ints({g.below(static_cast<std::int64_t>(g.rank(x)))});
  TensorId length = g.layer("reduce", {x, axis}, {{"mode", std::string("l2")}});
  if (g.chance(0.7))
    length = g.layer("unary", {length}, {{"function", std::string("clip")}, {"min", g.one_of({1e-12, 1e-3, 1.0})}});
  (void)g.binary("div", x, length);
}

/// exp(x - max) / sum
void softmax_by_hand(Generator& g) {
  const TensorId x = g.pick(DataType::float32, 1, 4);
  const Ints axis{g.below(static_cast<std::int64_t>(g.rank(x)))};
  const TensorId e =
      g.unary("exp", g.binary("sub", x, g.layer("reduce", {x, g.ints(axis)}, {{"mode", std::string("max")}})));
  const TensorId y = g.binary("div", e, g.layer("reduce", {e, g.ints(axis)}, {{"mode", std::string("sum")}}));
  if (g.chance(0.3)) (void)g.unary("log", y);
}

}  // namespace

std::vector<Recipe> activation_recipes() {
  return {{"silu", 5, silu},         {"hard_swish", 5, hard_swish},   {"gelu", 5, gelu},
          {"mish", 3, mish},         {"other_forms", 3, other_forms}, {"layer_norm", 5, layer_norm},
          {"rms_norm", 2, rms_norm}, {"unit_length", 2, unit_length}, {"softmax_by_hand", 2, softmax_by_hand}};
}

}  // namespace vireo::graphs_testing
