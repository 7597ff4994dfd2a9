// Each text in upper or lower case (`function`), letter by letter.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void text_map_reference(const EvalContext&);

namespace {

void infer(InferContext& c) {
  const std::string function = c.attributes().text("function", "");
  c.require(function == "upper" || function == "lower",
            "unknown function '" + function + "'; there are 'upper' and 'lower'");
  c.require(c.dtype(0) == DataType::string, "takes texts, found " + std::string(to_string(c.dtype(0))));
  infer_same(c);
}

bool varying(VaryingContext& c) { return varying_elementwise(c); }

}  // namespace

extern const Operator text_map_operator;
const Operator text_map_operator{.name = "text_map",
                                 .infer = infer,
                                 .reference = text_map_reference,
                                 .in_place = true,
                                 .axis_order = AxisOrder::free,
                                 .keeps = KeptExtents::all,
                                 .varying = varying};

}  // namespace vireo::ops
