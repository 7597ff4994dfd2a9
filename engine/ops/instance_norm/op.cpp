// Normalises each channel of each sample over its spatial axes, then scale and bias per channel. `layout` as elsewhere.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void instance_norm_reference(const EvalContext&);
std::span<const Tactic> instance_norm_tactics();

namespace {

void infer(InferContext& c) {
  for (int k = 0; k < c.input_count(); ++k)
    if (c.has_input(k)) require_computable(c, k);
  (void)c.attributes().real("epsilon", 1e-5);  // of the right type
  require_float(c, 0);
  require_rank(c, 0, 3);
  const bool last = c.attributes().text("layout", "nchw") == "nhwc";
  const std::int64_t channels = last ? c.dims(0).back() : c.dims(0)[1];
  for (int k = 1; k < 3; ++k) {
    require_rank(c, k, 1, 1);
    require_extent(c, k, 0, channels, "one value for each channel");
  }
  infer_same(c);
}

double flops(const Problem& p) { return 6 * static_cast<double>(p.inputs[0].count()); }

bool varying(VaryingContext& c) { return varying_batch(c); }

}  // namespace

extern const Operator instance_norm_operator;
const Operator instance_norm_operator{.name = "instance_norm",
                                      .min_inputs = 3,
                                      .max_inputs = 3,
                                      .infer = infer,
                                      .reference = instance_norm_reference,
                                      .flops = flops,
                                      .tactics = instance_norm_tactics,
                                      .axis_order = AxisOrder::layout,
                                      .keeps = KeptExtents::all,
                                      .varying = varying};

}  // namespace vireo::ops
