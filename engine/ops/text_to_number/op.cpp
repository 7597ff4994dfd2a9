// The number that each text spells, of type `to`: decimal, with an exponent where it has one; NaN and infinity as
// "NaN", "inf", "INF", "-inf" and the like. Anything else is an error of the run.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void text_to_number_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  const std::string name = c.attributes().text("to", "");
  const DataType to = data_type_from(name);
  c.require(is_float(to) || is_integer(to) || to == DataType::boolean, "gives numbers, not '" + name + "'");
  c.require(c.dtype(0) == DataType::string, "takes texts, found " + std::string(to_string(c.dtype(0))));
  c.output(0, to, c.dims(0));
}

bool varying(VaryingContext& c) { return varying_elementwise(c); }

}  // namespace

extern const Operator text_to_number_operator;
const Operator text_to_number_operator{.name = "text_to_number",
                                       .infer = infer,
                                       .reference = text_to_number_reference,
                                       .axis_order = AxisOrder::free,
                                       .keeps = KeptExtents::all,
                                       .varying = varying};

}  // namespace vireo::ops
