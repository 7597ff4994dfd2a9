// A first convolution together with the image_input before it: y = conv(image * scale + shift), channels last, zeros
// beside the image. Inputs: image, scale, shift, weights, bias?; attributes of conv, and `image`: the layout of the
// image. The result has the type of the weights. Written where an image meets a plan kernel (compile/half.cpp).
#include "engine/ops/image_conv/image_conv.h"

namespace vireo::ops {

void image_conv_reference(const EvalContext&);
std::span<const Tactic> image_conv_tactics();

namespace {

void infer(InferContext& c) {
  const std::string layout = c.attributes().text("image", "nchw");
  c.require(layout == "nchw" || layout == "nhwc", "image is \"" + layout + "\"; accepted: nchw, nhwc");
  c.require(c.attributes().text("layout", "nhwc") == "nhwc", "the result is channels-last");
  require_rank(c, 0, 4, 4);
  require_rank(c, 3, 4, 4);
  c.require(c.dtype(0) == DataType::uint8 || c.dtype(0) == DataType::float32,
            "images are " + std::string(to_string(c.dtype(0))) + "; accepted: uint8, float32");
  c.require(is_float(c.dtype(3)), "the weights are real numbers");
  const ConvGeometry g = image_conv_geometry(c.attributes(), c.dims(0), c.dims(3));
  for (const int k : {1, 2}) {
    c.require(c.dtype(k) == DataType::float32, "scale and shift are float32");
    require_rank(c, k, 1, 1);
    require_extent(c, k, 0, g.cin, "one scale and one shift for each channel");
  }
  if (c.has_input(4)) {
    require_rank(c, 4, 1, 1);
    require_extent(c, 4, 0, g.cout, "one bias for each channel of the output");
  }
  c.output(0, c.dtype(3), g.output_dims());
}

double flops(const Problem& p) {
  const ConvGeometry g = image_conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[3].dims);
  return 2.0 * static_cast<double>(p.outputs[0].count()) * static_cast<double>(g.cin_per_group() * g.taps());
}

}  // namespace

extern const Operator image_conv_operator;
const Operator image_conv_operator{.name = "image_conv",
                                   .min_inputs = 4,
                                   .max_inputs = 5,
                                   .infer = infer,
                                   .reference = image_conv_reference,
                                   .flops = flops,
                                   .tactics = image_conv_tactics,
                                   .costly = true};

}  // namespace vireo::ops
