// Local response: x / (bias + alpha / size * (sum of squares of `size` neighbouring channels)) ^ beta. `layout` as
// elsewhere.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void lrn_reference(const EvalContext&);
std::span<const Tactic> lrn_tactics();

namespace {

void infer(InferContext& c) {
  require_rank(c, 0, 2);
  require_float(c, 0);
  const std::int64_t size = c.attributes().integer("size", 0);
  c.require(size > 0, "size is " + std::to_string(size) + ", accepted: 1 or more");
  for (const char* name : {"alpha", "beta", "bias"}) (void)c.attributes().real(name, 0);  // of the right types
  infer_same(c);
}

double flops(const Problem& p) {
  return (10.0 + static_cast<double>(p.attributes->integer("size", 1))) * static_cast<double>(p.inputs[0].count());
}

bool varying(VaryingContext& c) { return varying_batch(c); }

}  // namespace

extern const Operator lrn_operator;
const Operator lrn_operator{.name = "lrn",
                            .infer = infer,
                            .reference = lrn_reference,
                            .flops = flops,
                            .tactics = lrn_tactics,
                            .axis_order = AxisOrder::layout,
                            .keeps = KeptExtents::all,
                            .costly = true,
                            .varying = varying};

}  // namespace vireo::ops
