#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/epilogue_ref.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void conv_reference(const EvalContext& c) {
  const ConvGeometry g = conv_geometry(c.attributes, c.inputs[0].dims, c.inputs[1].dims, Direction::forward);
  const ReferenceEpilogue epilogue(c.attributes, false);
  if (c.outputs[0].count() == 0) return;
  const std::vector<double> x = to_doubles(c.inputs[0]), w = to_doubles(c.inputs[1]);
  const std::vector<double> bias = has_input(c, 2) ? to_doubles(c.inputs[2]) : std::vector<double>{};
  const std::vector<double> residual = has_input(c, 3) ? to_doubles(c.inputs[3]) : std::vector<double>{};
  const std::int64_t residual_channels =
      residual.empty() ? 0 : c.inputs[3].dims[g.nhwc ? c.inputs[3].dims.size() - 1 : 1];
  const ActivationStrides rs = activation_strides(g.nhwc, residual_channels, g.out);
  const ActivationStrides xs = activation_strides(g.nhwc, g.cin, g.in), ys = activation_strides(g.nhwc, g.cout, g.out);
  std::vector<double> y(static_cast<std::size_t>(c.outputs[0].count()));
  const std::int64_t cin = g.cin_per_group(), taps = g.taps();

  const auto pixel = [&](std::int64_t n, std::int64_t m, const Spatial& o) {
    double sum = bias.empty() ? 0.0 : bias[static_cast<std::size_t>(m)];
    const std::int64_t group = m / g.cout_per_group();
    Spatial k{};
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      k = {tap / (g.kernel[1] * g.kernel[2]), tap / g.kernel[2] % g.kernel[1], tap % g.kernel[2]};
      std::int64_t offset = n * xs.batch + group * cin * xs.channel;
      bool inside = true;
      for (std::size_t a = 0; a < 3; ++a) {
        const std::int64_t at = o[a] * g.stride[a] - g.pad_begin[a] + k[a] * g.dilation[a];
        inside = inside && at >= 0 && at < g.in[a];
        offset += at * xs.space[a];
      }
      if (!inside) continue;
      for (std::int64_t i = 0; i < cin; ++i)
        sum += x[static_cast<std::size_t>(offset + i * xs.channel)] *
               w[static_cast<std::size_t>((m * cin + i) * taps + tap)];
    }
    const auto at = static_cast<std::size_t>(n * ys.batch + m * ys.channel + o[0] * ys.space[0] + o[1] * ys.space[1] +
                                             o[2] * ys.space[2]);
    const auto from = static_cast<std::size_t>(n * rs.batch + m * rs.channel + o[0] * rs.space[0] + o[1] * rs.space[1] +
                                               o[2] * rs.space[2]);
    y[at] = epilogue(sum, m < residual_channels ? residual[from] : 0.0);
  };
  for (std::int64_t n = 0; n < g.batch; ++n)
    for (std::int64_t m = 0; m < g.cout; ++m)
      for (std::int64_t d = 0; d < g.out[0]; ++d)
        for (std::int64_t h = 0; h < g.out[1]; ++h)
          for (std::int64_t v = 0; v < g.out[2]; ++v) pixel(n, m, {d, h, v});
  from_doubles(y, c.outputs[0]);
}

}  // namespace vireo::ops
