// Convolution over one to three spatial axes with groups, fused bias, residual and activation.
#include <algorithm>

#include "engine/ops/conv/conv.h"
#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {

void conv_reference(const EvalContext&);

namespace {

void infer(InferContext& c) { infer_conv(c, Direction::forward); }

double flops(const Problem& p) {
  const ConvGeometry g = conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, Direction::forward);
  return 2.0 * static_cast<double>(p.outputs[0].count()) * static_cast<double>(g.cin_per_group()) *
         static_cast<double>(g.taps());
}

bool varying(VaryingContext& c) {  // images of a batch; the residual has as many
  if (!c.has_input(3)) return varying_batch(c);
  if (c.varies(1) || c.varies(2) || c.axes(0) != c.axes(3)) return false;
  if (std::any_of(c.axes(0).begin() + 1, c.axes(0).end(), [](int number) { return number != 0; })) return false;
  c.output(0, c.axes(0));
  return true;
}

}  // namespace

extern const Operator conv_operator;
const Operator conv_operator{.name = "conv",
                             .min_inputs = 2,
                             .max_inputs = 4,
                             .infer = infer,
                             .reference = conv_reference,
                             .flops = flops,
                             .tactics = conv_tactics,
                             .axis_order = AxisOrder::chosen_layout,
                             .keeps = KeptExtents::batch,
                             .residual_input = 3,
                             .costly = true,
                             .varying = varying};

}  // namespace vireo::ops
