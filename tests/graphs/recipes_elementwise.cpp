// Elementwise layers: functions, broadcasts, bounds, comparisons, types.

#include "tests/graphs/generator.h"

namespace vireo::graphs_testing {
namespace {

void unary(Generator& g) {
  const char* f = g.name_of(
      {"relu",    "leaky_relu", "sigmoid", "hard_sigmoid", "hard_swish", "silu",     "mish",       "tanh",
       "erf",     "gelu",       "elu",     "celu",         "selu",       "softplus", "softsign",   "thresholded_relu",
       "shrink",  "clip",       "exp",     "log",          "sqrt",       "rsqrt",    "reciprocal", "abs",
       "neg",     "sign",       "floor",   "ceil",         "round",      "sin",      "cos",        "tan",
       "asin",    "acos",       "atan",    "sinh",         "cosh",       "asinh",    "acosh",      "atanh",
       "identity"});
  Attributes a;
  a.set("function", std::string(f));
  const std::string name(f);
  if (name == "clip") {
    if (g.chance(0.8)) a.set("min", g.awkward());
    if (g.chance(0.8)) a.set("max", g.awkward());
    if (a.real("min", -1) > a.real("max", 1e9)) throw Rejected("bounds");
  }
  if (g.chance(0.4)) a.set("alpha", g.one_of({0.1, 0.3, 1.702, -0.5, 1.0, 2.0}));
  if (name == "hard_sigmoid" && g.chance(0.5)) a.set("beta", g.one_of({0.0, 1.0, 0.4}));
  if (name == "shrink" && g.chance(0.5)) a.set("bias", 0.5), a.set("lambd", 1.0);
  if (name == "gelu" && g.chance(0.5)) a.set("approximate", std::string("tanh"));
  (void)g.layer("unary", {g.pick()}, std::move(a));
}

/// A constant that broadcasts to x: a scalar, one for each entry of an axis, whole, or of a lower or equal rank.
TensorId operand(Generator& g, TensorId x) {
  const Dims& dims = g.dims(x);
  const auto rank = static_cast<std::int64_t>(dims.size());
  switch (g.below(5)) {
    case 0:
    case 1:
      return g.constant(g.chance(0.6) ? Dims{} : Dims(static_cast<std::size_t>(g.below(rank + 1)), 1), {g.awkward()});
    case 2: {
      if (rank == 0) return g.scalar(g.awkward());
      const std::int64_t axis = g.chance(0.6) && rank > 1 ? 1 : g.below(rank);
      Dims shape(static_cast<std::size_t>(g.chance(0.5) ? rank : rank - axis), 1);
      shape[shape.size() - static_cast<std::size_t>(rank - axis)] = dims[static_cast<std::size_t>(axis)];
      return g.floats(shape, g.chance(0.5) ? 0.2 : -2, 2);
    }
    case 3: {
      Dims shape = dims;
      for (std::int64_t& extent : shape)
        if (g.chance(0.5)) extent = 1;
      if (!shape.empty() && g.chance(0.5)) shape.erase(shape.begin());
      return g.floats(shape, g.chance(0.5) ? 0.2 : -2, 2);
    }
    default: {
      const TensorId other = g.pick_like(DataType::float32, dims);
      return other == kNone ? g.floats(dims) : other;
    }
  }
}

void binary(Generator& g) {
  const TensorId x = g.pick();
  const char* f = g.name_of({"add", "add", "sub", "mul", "mul", "div", "min", "max", "prelu", "pow", "fmod"});
  const std::string name(f);
  TensorId other = operand(g, x);
  if (name == "pow") other = g.scalar(g.one_of({2.0, 3.0, 0.5, 1.0, 0.0, -1.0, -0.5, 2.5}));
  if (name == "pow" || name == "prelu") (void)g.binary(f, x, other);
  else (void)g.either_way(f, x, other);
}

void two_tensors(Generator& g) { (void)g.binary(g.name_of({"add", "sub", "mul", "max"}), g.pick(), g.pick()); }

void same_twice(Generator& g) {
  const TensorId x = g.pick();
  (void)g.binary(g.name_of({"add", "sub", "mul", "div", "min", "max"}), x, x);
}

/// Scales and shifts, and bounds, some behind each other.
void affine_chain(Generator& g) {
  TensorId x = g.pick();
  for (std::int64_t n = g.between(2, 4); n > 0; --n)
    x = g.either_way(g.name_of({"add", "sub", "mul", "div"}), x, operand(g, x));
}

TensorId bound(Generator& g, TensorId x) {
  switch (g.below(5)) {
    case 0: return g.unary("relu", x);
    case 1: return g.either_way("min", x, g.scalar(g.awkward()));
    case 2: return g.either_way("max", x, g.scalar(g.awkward()));
    default: {
      const double low = g.awkward(), high = g.awkward();
      Attributes a;
      a.set("function", std::string("clip"));
      if (g.chance(0.8)) a.set("min", std::min(low, high));
      if (g.chance(0.8)) a.set("max", std::max(low, high));
      return g.layer("unary", {x}, std::move(a));
    }
  }
}

void bounds_chain(Generator& g) {
  TensorId x = g.pick();
  if (g.chance(0.6)) x = g.either_way("mul", x, g.scalar(g.one_of({100.0, 300.0, 1e4, 1e-3})));
  for (std::int64_t n = g.between(2, 4); n > 0; --n) x = bound(g, x);
}

/// A small constant that keeps a logarithm or a quotient defined.
void guarded(Generator& g) {
  TensorId x = g.unary(g.name_of({"relu", "sigmoid", "abs"}), g.pick());
  const double small = g.one_of({1e-6, 1e-5, 1e-12, 1e-3, 1e-30, 1e-8});
  if (g.chance(0.5)) x = g.either_way("add", x, g.scalar(small));
  else
    x = g.layer("unary", {x},
                {{"function", std::string("clip")}, {"min", small}, {"max", g.one_of({1.0, 1.0 - 1e-5, 320.0})}});
  x = g.unary(g.name_of({"log", "log", "sqrt", "rsqrt", "reciprocal"}), x);
  if (g.chance(0.3)) (void)g.unary("neg", x);
}

void comparison(Generator& g) {
  const TensorId x = g.pick();
  const TensorId other = g.chance(0.5) ? operand(g, x) : g.scalar(0.25);
  (void)g.binary(g.name_of({"less", "less_equal", "greater", "greater_equal", "equal"}), x, other);
}

void where(Generator& g) {
  const TensorId condition = g.pick(DataType::boolean);
  const Dims dims = g.dims(condition);
  const TensorId x = g.pick_like(DataType::float32, dims);
  if (g.chance(0.2)) {
    (void)g.layer("where", {condition, g.pick(), g.pick()});
    return;
  }
  const TensorId a = x == kNone ? g.floats(dims) : x, b = g.chance(0.6) ? g.scalar(g.awkward()) : g.pick();
  (void)g.layer("where",
                g.chance(0.5) ? std::vector<TensorId>{condition, a, b} : std::vector<TensorId>{condition, b, a});
}

void logic(Generator& g) {
  const TensorId x = g.pick(DataType::boolean);
  if (g.chance(0.4)) (void)g.unary("not", x);
  else (void)g.binary(g.name_of({"and", "or", "xor", "equal"}), x, g.pick(DataType::boolean));
}

void casts(Generator& g) {
  const DataType from =
      g.one_of({DataType::float32, DataType::float32, DataType::int64, DataType::uint8, DataType::boolean});
  TensorId x = g.pick(from);
  const auto to = [&](const char* type) { x = g.layer("cast", {x}, {{"to", std::string(type)}}); };
  if (from == DataType::float32) {
    if (g.chance(0.6)) x = g.layer("unary", {x}, {{"function", std::string("clip")}, {"min", 0.0}, {"max", 200.0}});
    else x = g.layer("unary", {x}, {{"function", std::string("clip")}, {"min", -50.0}, {"max", 50.0}});
    to(g.name_of({"int64", "int32", "boolean", "float64", "float16", "int64", "float32", "bfloat16"}));
  }
  if (from != DataType::float32 || g.chance(0.5)) to("float32");
}

void integers(Generator& g) {
  const TensorId x = g.pick(g.one_of({DataType::int64, DataType::int64, DataType::uint8, DataType::int32}));
  const DataType type = g.dtype(x);
  const auto number = [&](double v) { return g.constant({}, {v}, type); };
  switch (g.below(6)) {
    case 0:
      (void)g.either_way(g.name_of({"add", "mul", "min", "max"}), x, number(static_cast<double>(g.between(0, 7))));
      break;
    case 1: (void)g.binary(g.name_of({"div", "mod", "fmod"}), x, number(static_cast<double>(g.between(1, 7)))); break;
    case 2: (void)g.binary(g.name_of({"bitwise_and", "bitwise_or", "bitwise_xor"}), x, number(5)); break;
    case 3:
      (void)g.binary(g.name_of({"less", "equal", "greater_equal"}), x, number(static_cast<double>(g.between(0, 4))));
      break;
    case 4: (void)g.unary(g.name_of({"identity", "bitwise_not", "abs", "sign"}), x); break;
    default: (void)g.binary("add", x, g.pick(type));
  }
}

void tests_of_numbers(Generator& g) { (void)g.unary(g.name_of({"isnan", "isinf"}), g.pick()); }

}  // namespace

std::vector<Recipe> elementwise_recipes() {
  return {{"unary", 12, unary},
          {"binary", 14, binary},
          {"two_tensors", 6, two_tensors},
          {"same_twice", 3, same_twice},
          {"affine_chain", 5, affine_chain},
          {"bounds_chain", 5, bounds_chain},
          {"guarded", 4, guarded},
          {"comparison", 4, comparison},
          {"where", 4, where},
          {"logic", 3, logic},
          {"casts", 4, casts},
          {"integers", 4, integers},
          {"tests_of_numbers", 1, tests_of_numbers}};
}

}  // namespace vireo::graphs_testing
