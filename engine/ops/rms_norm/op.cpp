// x / sqrt(mean of squares over the axes from `axis` on + epsilon) * scale, the scale broadcast to x.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void rms_norm_reference(const EvalContext&);
std::span<const Tactic> rms_norm_tactics();

namespace {

void infer(InferContext& c) {
  for (int k = 0; k < c.input_count(); ++k)
    if (c.has_input(k)) require_computable(c, k);
  require_float(c, 0);
  require_rank(c, 0, 1);
  (void)c.attributes().real("epsilon", 1e-5);  // of the right type
  (void)c.axis(c.attributes().integer("axis", -1), c.rank(0));
  require_broadcast_to(c, 1, c.dims(0));
  infer_same(c);
}

bool varying(VaryingContext& c) {
  const std::size_t rank = c.rank(0), normal = rank - VaryingContext::wrap(c.attributes().integer("axis", -1), rank);
  return c.rank(1) <= normal && varying_before_axis(c);  // else a scale for each entry of another axis
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
                                 .keeps = KeptExtents::all,
                                 .varying = varying};

}  // namespace vireo::ops
