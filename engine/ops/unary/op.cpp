// One input, one output of the same shape, a scalar function of each element (functions.h).
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"
#include "engine/ops/unary/functions.h"

namespace vireo::ops {

void unary_reference(const EvalContext&);
std::span<const Tactic> unary_tactics();

namespace {

void infer(InferContext& c) {
  const std::string name = c.attributes().text("function", "");
  const UnaryFunction function = unary_function_from(name);
  const DataType type = c.dtype(0);
  try {
    (void)unary_parameters(c.attributes());
  } catch (const Error& error) {
    c.fail(error.what());
  }
  switch (function) {
    case UnaryFunction::unknown: c.fail("unknown function '" + name + "'");
    case UnaryFunction::logical_not:
      c.require(type == DataType::boolean, "'not' takes booleans, found " + std::string(to_string(type)));
      break;
    case UnaryFunction::bitwise_not:
      c.require(is_integer(type), "'bitwise_not' takes integers, found " + std::string(to_string(type)));
      break;
    case UnaryFunction::isnan:
    case UnaryFunction::isinf: require_float(c, 0); return c.output(0, DataType::boolean, c.dims(0));
    case UnaryFunction::identity: break;
    default:
      c.require(type != DataType::boolean && type != DataType::string,
                "function '" + name + "' takes numbers, found " + std::string(to_string(type)));
  }
  infer_same(c);
}

bool varying(VaryingContext& c) { return varying_elementwise(c); }

std::vector<Case> cases() {
  std::vector<Case> list;
  for (const char* f :
       {"relu",   "leaky_relu", "sigmoid", "hard_sigmoid", "hard_swish", "silu",     "mish",     "tanh",
        "erf",    "gelu",       "elu",     "celu",         "selu",       "softplus", "softsign", "thresholded_relu",
        "shrink", "exp",        "abs",     "neg",          "sign",       "floor",    "ceil",     "round",
        "sin",    "cos",        "atan",    "sinh",         "cosh",       "asinh",    "identity", "sqrt",
        "log",    "reciprocal", "rsqrt"})
    list.push_back({.name = f, .inputs = {{3, 67}}, .attributes = attributes({{"function", f}})});
  list.push_back({.name = "gelu_tanh",
                  .inputs = {{5, 33}},
                  .attributes = attributes({{"function", "gelu"}, {"approximate", "tanh"}})});
  list.push_back({.name = "clip",
                  .inputs = {{257}},
                  .attributes = attributes({{"function", "clip"}, {"min", -0.5}, {"max", 0.25}})});
  list.push_back(
      {.name = "clip_below", .inputs = {{15}}, .attributes = attributes({{"function", "clip"}, {"min", 0.0}})});
  list.push_back({.name = "scalar", .inputs = {{}}, .attributes = attributes({{"function", "silu"}})});
  list.push_back({.name = "one", .inputs = {{1}}, .attributes = attributes({{"function", "sigmoid"}})});
  list.push_back({.name = "one_channel", .inputs = {{2, 3, 5, 1}}, .attributes = attributes({{"function", "relu"}})});
  list.push_back({.name = "empty", .inputs = {{2, 0, 3}}, .attributes = attributes({{"function", "exp"}})});
  list.push_back({.name = "large",
                  .inputs = {{1, 40, 40, 19}},
                  .attributes = attributes({{"function", "silu"}, {"layout", "nhwc"}})});
  list.push_back({.name = "int64_neg",
                  .inputs = {{9}},
                  .attributes = attributes({{"function", "neg"}}),
                  .dtypes = {DataType::int64}});
  list.push_back({.name = "half_tanh",
                  .inputs = {{9}},
                  .attributes = attributes({{"function", "tanh"}}),
                  .dtypes = {DataType::float16}});
  return list;
}

}  // namespace

extern const Operator unary_operator;
const Operator unary_operator{.name = "unary",
                              .infer = infer,
                              .reference = unary_reference,
                              .tactics = unary_tactics,
                              .cases = cases,
                              .in_place = true,
                              .axis_order = AxisOrder::free,
                              .keeps = KeptExtents::all,
                              .varying = varying};

}  // namespace vireo::ops
