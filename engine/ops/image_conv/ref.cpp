#include <algorithm>
#include <limits>

#include "engine/ops/image_conv/image_conv.h"
#include "engine/ops/shared/activation.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void image_conv_reference(const EvalContext& c) {
  const ImageConvGeometry geometry = image_conv_geometry(c.attributes, c.inputs[0].dims, c.inputs[3].dims);
  const ConvGeometry& g = geometry.conv;
  const ActivationSpec activation = activation_of(c.attributes);
  if (c.outputs[0].count() == 0) return;
  const std::vector<double> x = to_doubles(c.inputs[0]), scale = to_doubles(c.inputs[1]),
                            shift = to_doubles(c.inputs[2]), w = to_doubles(c.inputs[3]);
  const std::vector<double> bias = has_input(c, 4) ? to_doubles(c.inputs[4]) : std::vector<double>{};
  const ActivationStrides xs = activation_strides(!geometry.planes, g.cin, g.in);
  const auto index = [](std::int64_t i) { return static_cast<std::size_t>(i); };
  const std::int64_t cin = g.cin_per_group();

  const auto value = [&](std::int64_t n, std::int64_t m, std::int64_t h, std::int64_t v) {
    double sum = bias.empty() ? 0.0 : bias[index(m)];
    for (std::int64_t tap = 0; tap < g.taps(); ++tap) {
      const std::int64_t row = h * g.stride[1] - g.pad_begin[1] + tap / g.kernel[2] * g.dilation[1];
      const std::int64_t column = v * g.stride[2] - g.pad_begin[2] + tap % g.kernel[2] * g.dilation[2];
      if (row < 0 || row >= g.in[1] || column < 0 || column >= g.in[2]) continue;
      for (std::int64_t i = 0; i < cin; ++i) {
        const std::int64_t channel = m / g.cout_per_group() * cin + i;
        const std::int64_t at = n * xs.batch + channel * xs.channel + row * xs.space[1] + column * xs.space[2];
        sum +=
            (x[index(at)] * scale[index(channel)] + shift[index(channel)]) * w[index((m * cin + i) * g.taps() + tap)];
      }
    }
    return apply(activation, sum);
  };
  std::vector<double> made(index(g.out[1] * g.out[2])), y(index(c.outputs[0].count()));
  for (std::int64_t n = 0; n < g.batch; ++n)
    for (std::int64_t m = 0; m < g.cout; ++m) {
      for (std::int64_t h = 0; h < g.out[1]; ++h)
        for (std::int64_t v = 0; v < g.out[2]; ++v) made[index(h * g.out[2] + v)] = value(n, m, h, v);
      for (std::int64_t h = 0; h < geometry.height; ++h)
        for (std::int64_t v = 0; v < geometry.width; ++v) {
          double most = -std::numeric_limits<double>::infinity();
          for (std::int64_t k = 0; k < geometry.pool * geometry.pool; ++k) {
            const std::int64_t row = h * geometry.pool_stride - geometry.pool_pad + k / geometry.pool;
            const std::int64_t column = v * geometry.pool_stride - geometry.pool_pad + k % geometry.pool;
            if (row >= 0 && row < g.out[1] && column >= 0 && column < g.out[2])
              most = std::max(most, made[index(row * g.out[2] + column)]);
          }
          y[index(((n * geometry.height + h) * geometry.width + v) * g.cout + m)] = most;
        }
    }
  from_doubles(y, c.outputs[0]);
}

}  // namespace vireo::ops
