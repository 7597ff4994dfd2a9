// Normalises `num_groups` groups of channels of each sample, then scale and bias per channel. `layout` as elsewhere.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void group_norm_reference(const EvalContext&);
std::span<const Tactic> group_norm_tactics();

namespace {

void infer(InferContext& c) {
  for (int k = 0; k < c.input_count(); ++k)
    if (c.has_input(k)) require_computable(c, k);
  (void)c.attributes().real("epsilon", 1e-5);  // of the right type
  require_rank(c, 0, 2);
  require_float(c, 0);
  const bool last = c.attributes().text("layout", "nchw") == "nhwc";
  const std::int64_t groups = c.attributes().integer("num_groups", 0),
                     channels = last ? c.dims(0).back() : c.dims(0)[1];
  c.require(groups > 0 && (channels == kUnknown || channels % groups == 0), "num_groups must divide the channels");
  for (int k = 1; k < 3; ++k) {
    require_rank(c, k, 1, 1);
    require_extent(c, k, 0, channels, "one value for each channel");
  }
  infer_same(c);
}

double flops(const Problem& p) { return 6 * static_cast<double>(p.inputs[0].count()); }

bool varying(VaryingContext& c) { return varying_batch(c); }

}  // namespace

extern const Operator group_norm_operator;
const Operator group_norm_operator{.name = "group_norm",
                                   .min_inputs = 3,
                                   .max_inputs = 3,
                                   .infer = infer,
                                   .reference = group_norm_reference,
                                   .flops = flops,
                                   .tactics = group_norm_tactics,
                                   .axis_order = AxisOrder::layout,
                                   .keeps = KeptExtents::all,
                                   .varying = varying};

}  // namespace vireo::ops
