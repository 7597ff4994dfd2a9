// The front of an image network as one layer: image_input, the first convolution with its activation, and a max pool
// where one follows. y = pool(activation(conv(image * scale + shift) + bias)), channels-last; the convolution pads what
// is scaled and shifted already. Inputs: image, scale, shift, w, bias?. The result has w's type. Written when a network
// is compiled for a device that has a kernel for it (compile/front.h).
#include "engine/ops/image_conv/image_conv.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

void image_conv_reference(const EvalContext&);

ImageConvGeometry image_conv_geometry(const Attributes& attributes, const Dims& image, const Dims& w) {
  ImageConvGeometry g;
  g.planes = attributes.text("image", "nchw") == "nchw";
  g.conv =
      conv_geometry(attributes, g.planes ? Dims{image[0], image[2], image[3], image[1]} : image, w, Direction::forward);
  g.height = g.conv.out[1];
  g.width = g.conv.out[2];
  const std::vector<std::int64_t> pool = attributes.integers("pool");
  if (pool.empty()) return g;
  g.pool = pool[0];
  g.pool_stride = pool[1];
  g.pool_pad = pool[2];
  g.height = pool[3];
  g.width = pool[4];
  return g;
}

namespace {

void infer(InferContext& c) {
  for (int k = 0; k < c.input_count(); ++k)
    if (c.has_input(k)) require_computable(c, k);
  const std::string layout = c.attributes().text("image", "nchw");
  c.require(layout == "nchw" || layout == "nhwc", "image is \"" + layout + "\"; accepted: nchw, nhwc");
  c.require(c.attributes().text("layout", "") == "nhwc", "layout is nhwc");
  require_rank(c, 0, 4, 4);
  require_rank(c, 3, 4, 4);
  for (const int k : {1, 2}) {
    c.require(is_float(c.dtype(k)), "scale and shift are real");
    require_rank(c, k, 1, 1);
  }
  c.require(is_float(c.dtype(0)) || c.dtype(0) == DataType::uint8,
            "images are " + std::string(to_string(c.dtype(0))) + "; accepted: uint8, real numbers");
  c.require(is_static(c.dims(0)) && is_static(c.dims(3)), "extents are known");
  const std::vector<std::int64_t> pool = c.attributes().integers("pool");
  c.require(pool.empty() || pool.size() == 5, "pool is window, stride, padding, height, width");
  ImageConvGeometry g;
  try {
    g = image_conv_geometry(c.attributes(), c.dims(0), c.dims(3));
  } catch (const Error& error) {
    c.fail(error.what());
  }
  for (const int k : {1, 2}) require_extent(c, k, 0, g.conv.cin, "one scale and one shift for each channel");
  if (c.has_input(4)) {
    require_rank(c, 4, 1, 1);
    require_extent(c, 4, 0, g.conv.cout, "one bias for each filter");
  }
  const auto within = [&](std::int64_t count, std::int64_t extent) {  // the last window has a pixel
    return count >= 1 && (count - 1) * g.pool_stride - g.pool_pad < extent;
  };
  c.require(
      pool.empty() || (g.pool >= 1 && g.pool_stride >= 1 && g.pool_pad >= 0 && g.pool_pad < g.pool && g.pool <= 64 &&
                       g.pool_stride <= g.pool && within(g.height, g.conv.out[1]) && within(g.width, g.conv.out[2])),
      "pool has windows that lie beside the picture, or leave pixels out");
  c.output(0, c.dtype(3), {g.conv.batch, g.height, g.width, g.conv.cout});
}

double flops(const Problem& p) {
  const ImageConvGeometry g = image_conv_geometry(*p.attributes, p.inputs[0].dims, p.inputs[3].dims);
  return 2.0 * static_cast<double>(g.conv.batch * g.conv.out_pixels() * g.conv.cout * g.conv.taps()) *
         static_cast<double>(g.conv.cin_per_group());
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
