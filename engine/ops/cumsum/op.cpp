// Running sum (`function` "sum", the default) or product along the axis given by input 1; `exclusive` leaves the
// element itself out, `reverse` runs from the end.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void cumsum_reference(const EvalContext&);
std::span<const Tactic> cumsum_tactics();

namespace {

void infer(InferContext& c) {
  require_computable(c, 0);
  c.require(c.dtype(0) != DataType::boolean, "takes numbers");
  const std::string function = c.attributes().text("function", "sum");
  c.require(function == "sum" || function == "product", "unknown function '" + function + "'");
  require_single(c, 1);
  Ints axis;
  if (c.integers(1, axis)) {
    c.require(axis.size() == 1, "the axis must be one number");
    (void)c.axis(axis[0], c.rank(0));
  }
  infer_same(c);
}

bool varying(VaryingContext& c) {  // forwards, sums see what is before them only
  Ints axis;
  if (!c.integers(1, axis) || axis.size() != 1) return false;
  const bool back = c.attributes().integer("reverse", 0) != 0,
             along = c.axes(0)[VaryingContext::wrap(axis[0], c.rank(0))] != 0;
  if (back && along) return false;
  c.output(0, c.axes(0));
  if (along) c.output_no_copies(0);
  return true;
}

}  // namespace

extern const Operator cumsum_operator;
const Operator cumsum_operator{.name = "cumsum",
                               .min_inputs = 2,
                               .max_inputs = 2,
                               .infer = infer,
                               .reference = cumsum_reference,
                               .tactics = cumsum_tactics,
                               .keeps = KeptExtents::all,
                               .varying = varying};

}  // namespace vireo::ops
