// Two inputs, broadcast to each other as in numpy, a scalar function of each pair (functions.h).
#include "engine/ops/binary/functions.h"
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void binary_reference(const EvalContext&);
std::span<const Tactic> binary_tactics();

namespace {

void infer(InferContext& c) {
  const std::string name = c.attributes().text("function", "");
  const BinaryFunction f = binary_function_from(name);
  const DataType a = c.dtype(0), b = c.dtype(1);
  c.require(f != BinaryFunction::unknown, "unknown function '" + name + "'");
  c.require(a == b || f == BinaryFunction::pow, "'" + name + "' takes two inputs of one type, found " +
                                                    std::string(to_string(a)) + " and " + std::string(to_string(b)));
  if (is_logical(f)) {
    c.require(a == DataType::boolean, "'" + name + "' takes booleans, found " + std::string(to_string(a)));
  } else if (f != BinaryFunction::equal) {
    c.require(is_float(a) || is_integer(a), "'" + name + "' takes numbers, found " + std::string(to_string(a)));
    c.require(is_float(b) || is_integer(b), "'" + name + "' takes numbers, found " + std::string(to_string(b)));
  }
  if (f >= BinaryFunction::bitshift_left)
    c.require(is_integer(a) || is_logical(f), "'" + name + "' takes integers, found " + std::string(to_string(a)));
  c.output(0, is_comparison(f) ? DataType::boolean : a, broadcast(c, c.dims(0), c.dims(1)));
}

bool varying(VaryingContext& c) { return varying_elementwise(c); }

}  // namespace

extern const Operator binary_operator;
const Operator binary_operator{.name = "binary",
                               .min_inputs = 2,
                               .max_inputs = 2,
                               .infer = infer,
                               .reference = binary_reference,
                               .tactics = binary_tactics,
                               .in_place = true,
                               .axis_order = AxisOrder::free_together,
                               .varying = varying};

}  // namespace vireo::ops
