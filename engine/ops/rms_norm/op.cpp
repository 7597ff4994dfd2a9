// x / sqrt(mean of squares over the axes from `axis` on + epsilon) * scale, the scale broadcast to x.
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void rms_norm_reference(const EvalContext&);
std::span<const Tactic> rms_norm_tactics();

namespace {

void infer(InferContext& c) {
  for (int k = 0; k < c.input_count(); ++k)
    if (c.has_input(k)) require_computable(c, k);
  require_float(c, 0);
  require_rank(c, 0, 1);
  (void)c.axis(c.attributes().integer("axis", -1), c.rank(0));
  require_broadcast_to(c, 1, c.dims(0));
  infer_same(c);
}

double flops(const Problem& p) { return 4 * static_cast<double>(p.inputs[0].count()); }

}  // namespace

extern const Operator rms_norm_operator;
const Operator rms_norm_operator{.name = "rms_norm",
                                 .min_inputs = 2,
                                 .max_inputs = 2,
                                 .infer = infer,
                                 .reference = rms_norm_reference,
                                 .flops = flops,
                                 .tactics = rms_norm_tactics,
                                 .in_place = true,
                                 .keeps = KeptExtents::all};

}  // namespace vireo::ops
