// Normalises over the axes from `axis` on, then scale and bias broadcast to them. Outputs: y, mean?, 1 / deviation?.
#include "engine/ops/shared/shape.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void layer_norm_reference(const EvalContext&);
std::span<const Tactic> layer_norm_tactics();

namespace {

void infer(InferContext& c) {
  require_float(c, 0);
  require_rank(c, 0, 1);
  (void)c.attributes().real("epsilon", 1e-5);  // of the right type
  const auto axis = static_cast<std::size_t>(c.axis(c.attributes().integer("axis", -1), c.rank(0)));
  for (int k = 1; k < c.input_count(); ++k)
    if (c.has_input(k)) require_broadcast_to(c, k, c.dims(0));
  infer_same(c);
  Dims statistics = c.dims(0);
  for (std::size_t i = axis; i < statistics.size(); ++i) statistics[i] = 1;
  for (int k = 1; k < c.output_count(); ++k) c.output(k, DataType::float32, statistics);
}

double flops(const Problem& p) { return 8 * static_cast<double>(p.inputs[0].count()); }

bool varying(VaryingContext& c) {
  const std::size_t rank = c.rank(0), normal = rank - VaryingContext::wrap(c.attributes().integer("axis", -1), rank);
  for (int k = 1; k < c.input_count(); ++k)
    if (c.has_input(k) && c.rank(k) > normal) return false;  // a scale for each entry of another axis
  return c.output_count() == 1 && varying_before_axis(c);
}

}  // namespace

extern const Operator layer_norm_operator;
const Operator layer_norm_operator{.name = "layer_norm",
                                   .min_inputs = 2,
                                   .max_inputs = 3,
                                   .max_outputs = 3,
                                   .infer = infer,
                                   .reference = layer_norm_reference,
                                   .flops = flops,
                                   .tactics = layer_norm_tactics,
                                   .in_place = true,
                                   .keeps = KeptExtents::all,
                                   .varying = varying};

}  // namespace vireo::ops
