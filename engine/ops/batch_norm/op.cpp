// (x - mean) / sqrt(var + epsilon) * scale + bias for each entry of `axis`. With `training_mode` mean and variance are
// those of the batch and the outputs 1 and 2 the running ones, moved by `momentum`.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void batch_norm_reference(const EvalContext&);
std::span<const Tactic> batch_norm_tactics();

namespace {

void infer(InferContext& c) {
  for (int k = 0; k < c.input_count(); ++k)
    if (c.has_input(k)) require_computable(c, k);
  require_float(c, 0);
  require_rank(c, 0, 1);
  const Attributes& a = c.attributes();  // of the right types
  (void)a.real("epsilon", 1e-5), (void)a.real("momentum", 0.9), (void)a.integer("training_mode", 0);
  const std::int64_t given = c.attributes().integer("axis", 1);
  const std::int64_t axis = c.rank(0) == 1 && given == 1 ? 0 : c.axis(given, c.rank(0));
  const std::int64_t channels = c.rank(0) == 1 && given == 1 ? 1 : c.dims(0)[static_cast<std::size_t>(axis)];
  for (int k = 1; k < 5; ++k) {
    require_rank(c, k, 1, 1);
    require_extent(c, k, 0, channels, "one value for each channel");
  }
  infer_same(c);
  for (int k = 1; k < c.output_count(); ++k) c.output(k, c.dtype(k + 2), c.dims(k + 2));
}

bool varying(VaryingContext& c) {
  return c.rank(0) > 1 && VaryingContext::wrap(c.attributes().integer("axis", 1), c.rank(0)) != 0 && varying_batch(c);
}

}  // namespace

extern const Operator batch_norm_operator;
const Operator batch_norm_operator{.name = "batch_norm",
                                   .min_inputs = 5,
                                   .max_inputs = 5,
                                   .max_outputs = 3,
                                   .infer = infer,
                                   .reference = batch_norm_reference,
                                   .tactics = batch_norm_tactics,
                                   .in_place = true,
                                   .axis_order = AxisOrder::along_axis,
                                   .default_axis = 1,
                                   .keeps = KeptExtents::all,
                                   .varying = varying};

}  // namespace vireo::ops
