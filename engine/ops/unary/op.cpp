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
      require_computable(c, 0);
      c.require(type != DataType::boolean && type != DataType::string,
                "function '" + name + "' takes numbers, found " + std::string(to_string(type)));
  }
  infer_same(c);
}

bool varying(VaryingContext& c) { return varying_elementwise(c); }

}  // namespace

extern const Operator unary_operator;
const Operator unary_operator{.name = "unary",
                              .infer = infer,
                              .reference = unary_reference,
                              .tactics = unary_tactics,
                              .in_place = true,
                              .axis_order = AxisOrder::free,
                              .keeps = KeptExtents::all,
                              .varying = varying};

}  // namespace vireo::ops
