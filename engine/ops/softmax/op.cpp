// Along `axis`: mode softmax, log_softmax, or hardmax (1 at the first maximum).
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void softmax_reference(const EvalContext&);
std::span<const Tactic> softmax_tactics();

namespace {

void infer(InferContext& c) {
  const std::string mode = c.attributes().text("mode", "softmax");
  c.require(mode == "softmax" || mode == "log_softmax" || mode == "hardmax", "unknown mode '" + mode + "'");
  require_float(c, 0);
  if (c.rank(0) > 0) (void)c.axis(c.attributes().integer("axis", -1), c.rank(0));
  infer_same(c);
}

double flops(const Problem& p) { return 10 * static_cast<double>(p.inputs[0].count()); }

bool varying(VaryingContext& c) {
  return c.rank(0) > 0 && varying_but_axis(c, VaryingContext::wrap(c.attributes().integer("axis", -1), c.rank(0)));
}

}  // namespace

extern const Operator softmax_operator;
const Operator softmax_operator{.name = "softmax",
                                .infer = infer,
                                .reference = softmax_reference,
                                .flops = flops,
                                .tactics = softmax_tactics,
                                .in_place = true,
                                .axis_order = AxisOrder::along_axis,
                                .keeps = KeptExtents::all,
                                .varying = varying};

}  // namespace vireo::ops
