// (x - mean) / (deviation + 1e-9) over `axes` (default 0, 2, 3).
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void mean_variance_normalize_reference(const EvalContext&);
std::span<const Tactic> mean_variance_normalize_tactics();

namespace {

void infer(InferContext& c) {
  require_float(c, 0);
  for (std::int64_t axis : c.attributes().integers("axes", {0, 2, 3})) (void)c.axis(axis, c.rank(0));
  infer_same(c);
}

}  // namespace

extern const Operator mean_variance_normalize_operator;
const Operator mean_variance_normalize_operator{.name = "mean_variance_normalize",
                                                .infer = infer,
                                                .reference = mean_variance_normalize_reference,
                                                .tactics = mean_variance_normalize_tactics,
                                                .keeps = KeptExtents::all};

}  // namespace vireo::ops
