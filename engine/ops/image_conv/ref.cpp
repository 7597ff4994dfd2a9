#include "engine/ops/image_conv/image_conv.h"
#include "engine/ops/shared/epilogue_ref.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

ConvGeometry image_conv_geometry(const Attributes& attributes, const Dims& image, const Dims& weights) {
  Attributes own = attributes;
  own.set("layout", std::string("nhwc"));
  const bool planes = attributes.text("image", "nchw") == "nchw";
  return conv_geometry(own, planes ? Dims{image[0], image[2], image[3], image[1]} : image, weights, Direction::forward);
}

void image_conv_reference(const EvalContext& c) {
  const ConvGeometry g = image_conv_geometry(c.attributes, c.inputs[0].dims, c.inputs[3].dims);
  const ReferenceEpilogue epilogue(c.attributes, false);
  if (c.outputs[0].count() == 0) return;
  const std::vector<double> x = to_doubles(c.inputs[0]), scale = to_doubles(c.inputs[1]),
                            shift = to_doubles(c.inputs[2]), w = to_doubles(c.inputs[3]);
  const std::vector<double> bias = has_input(c, 4) ? to_doubles(c.inputs[4]) : std::vector<double>{};
  const ActivationStrides xs = activation_strides(c.attributes.text("image", "nchw") == "nhwc", g.cin, g.in);
  const std::int64_t per_group = g.cin_per_group(), taps = g.taps();
  std::vector<double> y;
  for (std::int64_t n = 0; n < g.batch; ++n)
    for (std::int64_t h = 0; h < g.out[1]; ++h)
      for (std::int64_t v = 0; v < g.out[2]; ++v)
        for (std::int64_t m = 0; m < g.cout; ++m) {
          double sum = bias.empty() ? 0.0 : bias[static_cast<std::size_t>(m)];
          for (std::int64_t t = 0; t < taps; ++t) {
            const std::int64_t row = h * g.stride[1] - g.pad_begin[1] + t / g.kernel[2] * g.dilation[1];
            const std::int64_t pixel = v * g.stride[2] - g.pad_begin[2] + t % g.kernel[2] * g.dilation[2];
            if (row < 0 || row >= g.in[1] || pixel < 0 || pixel >= g.in[2]) continue;
            for (std::int64_t i = 0; i < per_group; ++i) {
              const std::int64_t channel = m / g.cout_per_group() * per_group + i;
              const auto from = static_cast<std::size_t>(n * xs.batch + channel * xs.channel + row * xs.space[1] +
                                                         pixel * xs.space[2]);
              const auto k = static_cast<std::size_t>(channel);
              sum += (x[from] * scale[k] + shift[k]) * w[static_cast<std::size_t>((m * per_group + i) * taps + t)];
            }
          }
          y.push_back(epilogue(sum, 0.0));
        }
  from_doubles(y, c.outputs[0]);
}

}  // namespace vireo::ops
