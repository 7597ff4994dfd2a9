#include "engine/ops/deform_conv/deform_conv.h"

namespace vireo::ops {

void deform_conv_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const DeformConv d = deform_conv_shape(c.attributes, in.dims, c.inputs[1].dims);
  const ConvGeometry& g = d.g;
  if (out.count() == 0) return;
  const std::vector<double> x = to_doubles(in), w = to_doubles(c.inputs[1]), offsets = to_doubles(c.inputs[2]);
  const std::vector<double> bias = has_input(c, 3) ? to_doubles(c.inputs[3]) : std::vector<double>{},
                            mask = has_input(c, 4) ? to_doubles(c.inputs[4]) : std::vector<double>{};
  std::vector<double> y(static_cast<std::size_t>(out.count()));
  const std::int64_t taps = g.taps(), pixels = g.out_pixels(), cin = g.cin_per_group(), cout = g.cout_per_group(),
                     per_offset_group = g.cin / d.offset_groups;
  // What tap t of channel ch reads for output pixel p of picture n.
  const auto sample = [&](std::int64_t n, std::int64_t ch, std::int64_t t, std::int64_t p) {
    const std::int64_t group = n * d.offset_groups + ch / per_offset_group, row = p / g.out[2], column = p % g.out[2];
    const auto at = static_cast<std::size_t>((group * taps + t) * 2 * pixels + p);
    const double down = static_cast<double>(row * g.stride[1] - g.pad_begin[1] + t / g.kernel[2] * g.dilation[1]) +
                        offsets[at],
                 right = static_cast<double>(column * g.stride[2] - g.pad_begin[2] + t % g.kernel[2] * g.dilation[2]) +
                         offsets[at + static_cast<std::size_t>(pixels)];
    const DeformPoint point = deform_point(down, right, g.in[1], g.in[2]);
    double value = 0;
    for (int k = 0; k < 4; ++k)
      if (point.weights[k] != 0)
        value += static_cast<double>(point.weights[k]) *
                 x[static_cast<std::size_t>((n * g.cin + ch) * g.in_pixels() + point.pixels[k])];
    return mask.empty() ? value : value * mask[static_cast<std::size_t>((group * taps + t) * pixels + p)];
  };
  for (std::int64_t n = 0; n < g.batch; ++n)
    for (std::int64_t o = 0; o < g.cout; ++o)
      for (std::int64_t p = 0; p < pixels; ++p) {
        double sum = bias.empty() ? 0 : bias[static_cast<std::size_t>(o)];
        for (std::int64_t ch = 0; ch < cin; ++ch)
          for (std::int64_t t = 0; t < taps; ++t)
            sum += w[static_cast<std::size_t>((o * cin + ch) * taps + t)] * sample(n, o / cout * cin + ch, t, p);
        y[static_cast<std::size_t>((n * g.cout + o) * pixels + p)] = sum;
      }
  from_doubles(y, out);
}

}  // namespace vireo::ops
