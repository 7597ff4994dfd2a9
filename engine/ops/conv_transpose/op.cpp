// Transposed convolution over one to three spatial axes with groups, fused bias and activation.
#include "engine/ops/conv_transpose/conv_transpose.h"
#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void conv_transpose_reference(const EvalContext&);

namespace {

void infer(InferContext& c) { infer_conv(c, Direction::transposed); }

double flops(const Problem& p) {
  const ConvGeometry g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::transposed);
  return 2.0 * static_cast<double>(p.inputs[0].count()) * static_cast<double>(g.cout_per_group()) *
         static_cast<double>(g.taps());
}

bool varying(VaryingContext& c) { return varying_batch(c); }

}  // namespace

extern const Operator conv_transpose_operator;
const Operator conv_transpose_operator{.name = "conv_transpose",
                                       .min_inputs = 2,
                                       .max_inputs = 4,
                                       .infer = infer,
                                       .reference = conv_transpose_reference,
                                       .flops = flops,
                                       .tactics = conv_transpose_tactics,
                                       .axis_order = AxisOrder::chosen_layout,
                                       .keeps = KeptExtents::batch,
                                       .residual_input = 3,
                                       .costly = true,
                                       .varying = varying};

}  // namespace vireo::ops
