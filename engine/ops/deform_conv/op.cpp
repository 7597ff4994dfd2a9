// Convolution of pictures whose taps read where offsets say: inputs x [N, C, H, W], w, offsets [N, offset_group * taps
// * 2, out H, out W] (down, right, in pixels, linearly interpolated, zero outside), bias?, mask? [N, offset_group *
// taps, out H, out W] (factors on what taps read); strides, pads, dilations, group, kernel_shape, offset_group.
#include "engine/base/text.h"
#include "engine/ops/deform_conv/deform_conv.h"
#include "engine/ops/shared/varying.h"

namespace vireo::ops {
namespace {

void infer(InferContext& c) {
  require_float(c, 0);
  for (int k = 1; k < 5; ++k) require_same_type(c, k);
  for (const int k : {0, 1, 2}) require_rank(c, k, 4, 4);
  if (!vireo::is_static(c.dims(1))) return infer_late_weights(c, Direction::forward);
  DeformConv d;
  try {
    d = deform_conv_shape(c.attributes(), c.dims(0), c.dims(1));
  } catch (const Error& error) {
    c.fail(error.what());
  }
  const ConvGeometry& g = d.g;
  const Dims& offsets = c.dims(2);
  Dims out = g.output_dims();
  const std::int64_t taps = checked_mul(c, g.taps(), d.offset_groups, "the taps of all offset groups");
  require_extent(c, 2, 0, g.batch, "offsets for each picture");
  require_extent(c, 2, 1, checked_mul(c, taps, 2, "the offsets"), "two offsets for each tap of each offset group");
  for (std::size_t i = 2; i < 4; ++i) {
    require_extent(c, 2, i, out[i], "offsets for each pixel of the output");
    if (out[i] == kUnknown) out[i] = offsets[i];
  }
  if (c.has_input(3)) {
    require_rank(c, 3, 1, 1);
    require_extent(c, 3, 0, g.cout, "one value for each output channel");
  }
  if (c.has_input(4)) {
    require_rank(c, 4, 4, 4);
    require_extent(c, 4, 0, g.batch, "a mask for each picture");
    require_extent(c, 4, 1, taps, "a factor for each tap of each offset group");
    for (std::size_t i = 2; i < 4; ++i) require_extent(c, 4, i, out[i], "factors for each pixel of the output");
  }
  c.output(0, c.dtype(0), out);
}

double flops(const Problem& p) {
  const DeformConv d = deform_conv_shape(*p.attributes, p.inputs[0].dims, p.inputs[1].dims);
  const double samples = static_cast<double>(d.g.batch * d.g.out_pixels()) * static_cast<double>(d.g.taps()) *
                         static_cast<double>(d.g.cin);
  return 8 * samples + 2 * samples * static_cast<double>(d.g.cout_per_group());
}

bool varying(VaryingContext& c) {  // pictures of a batch, with their offsets and masks
  if (c.varies(1) || c.varies(3) || c.axes(0) != c.axes(2) || (c.has_input(4) && c.axes(0) != c.axes(4))) return false;
  for (std::size_t i = 1; i < 4; ++i)
    if (c.axes(0)[i] != 0) return false;
  c.output(0, c.axes(0));
  return true;
}

}  // namespace

DeformConv deform_conv_shape(const Attributes& attributes, const Dims& x, const Dims& w) {
  DeformConv d{conv_geometry(attributes, x, w, Direction::forward), attributes.integer("offset_group", 1)};
  if (d.g.nhwc) throw Error(ErrorCode::invalid_model, "layout is \"nhwc\"; accepted: nchw");
  if (d.offset_groups < 1 || d.g.cin % d.offset_groups != 0)
    throw Error(ErrorCode::invalid_model,
                base::str("offset_group is ", d.offset_groups, " for ", d.g.cin, " channels, which it must divide"));
  return d;
}

extern const Operator deform_conv_operator;
const Operator deform_conv_operator{.name = "deform_conv",
                                    .min_inputs = 3,
                                    .max_inputs = 5,
                                    .infer = infer,
                                    .reference = deform_conv_reference,
                                    .flops = flops,
                                    .tactics = deform_conv_tactics,
                                    .keeps = KeptExtents::batch,
                                    .costly = true,
                                    .varying = varying};

}  // namespace vireo::ops
