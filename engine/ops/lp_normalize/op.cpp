// Divides by the L1 or L2 norm (`p`) along `axis`; rows of norm 0 become 0.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void lp_normalize_reference(const EvalContext&);
std::span<const Tactic> lp_normalize_tactics();

namespace {

void infer(InferContext& c) {
  require_float(c, 0);
  const std::int64_t p = c.attributes().integer("p", 2);
  c.require(p == 1 || p == 2, "p must be 1 or 2, found " + std::to_string(p));
  (void)c.axis(c.attributes().integer("axis", -1), c.rank(0));
  infer_same(c);
}

bool varying(VaryingContext& c) {
  return c.rank(0) > 0 && varying_but_axis(c, VaryingContext::wrap(c.attributes().integer("axis", -1), c.rank(0)));
}

}  // namespace

extern const Operator lp_normalize_operator;
const Operator lp_normalize_operator{.name = "lp_normalize",
                                     .infer = infer,
                                     .reference = lp_normalize_reference,
                                     .tactics = lp_normalize_tactics,
                                     .in_place = true,
                                     .axis_order = AxisOrder::along_axis,
                                     .keeps = KeptExtents::all,
                                     .varying = varying};

}  // namespace vireo::ops
