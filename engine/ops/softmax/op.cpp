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

std::vector<Case> cases() {
  return {{.name = "last", .inputs = {{5, 37}}},
          {.name = "long", .inputs = {{2, 1000}}},
          {.name = "one", .inputs = {{7, 1}}},
          {.name = "pairs", .inputs = {{1, 300, 2}}},
          {.name = "middle", .inputs = {{2, 9, 35}}, .attributes = attributes({{"axis", 1}})},
          {.name = "channels", .inputs = {{2, 16, 4, 21}}, .attributes = attributes({{"axis", 1}})},
          {.name = "log", .inputs = {{3, 21}}, .attributes = attributes({{"mode", "log_softmax"}})},
          {.name = "hard", .inputs = {{3, 21}}, .attributes = attributes({{"mode", "hardmax"}})},
          {.name = "attention", .inputs = {{1, 3, 197, 197}}},
          {.name = "empty", .inputs = {{0, 4}}}};
}

}  // namespace

extern const Operator softmax_operator;
const Operator softmax_operator{.name = "softmax",
                                .infer = infer,
                                .reference = softmax_reference,
                                .flops = flops,
                                .tactics = softmax_tactics,
                                .cases = cases,
                                .in_place = true,
                                .axis_order = AxisOrder::along_axis,
                                .keeps = KeptExtents::all,
                                .varying = varying};

}  // namespace vireo::ops
