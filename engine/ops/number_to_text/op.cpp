// Each number as a text: integers in decimal, true and false as 1 and 0, reals with as few digits as tell them from all
// others of their type.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void number_to_text_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  const DataType type = c.dtype(0);
  c.require(is_float(type) || is_integer(type) || type == DataType::boolean,
            "takes numbers, found " + std::string(to_string(type)));
  c.output(0, DataType::string, c.dims(0));
}

bool varying(VaryingContext& c) { return varying_elementwise(c); }

}  // namespace

extern const Operator number_to_text_operator;
const Operator number_to_text_operator{.name = "number_to_text",
                                       .infer = infer,
                                       .reference = number_to_text_reference,
                                       .axis_order = AxisOrder::free,
                                       .keeps = KeptExtents::all,
                                       .varying = varying};

}  // namespace vireo::ops
