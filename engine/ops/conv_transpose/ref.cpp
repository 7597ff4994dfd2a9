#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/epilogue_ref.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void conv_transpose_reference(const EvalContext& c) {
  const ConvGeometry g = conv_geometry(c.attributes, c.inputs[0].dims, c.inputs[1].dims, Direction::transposed);
  const ReferenceEpilogue epilogue(c.attributes, false);
  if (c.outputs[0].count() == 0) return;
  const std::vector<double> x = to_doubles(c.inputs[0]), w = to_doubles(c.inputs[1]);
  const std::vector<double> bias = has_input(c, 2) ? to_doubles(c.inputs[2]) : std::vector<double>{};
  const std::vector<double> residual = has_input(c, 3) ? to_doubles(c.inputs[3]) : std::vector<double>{};
  const ActivationStrides xs = activation_strides(g.nhwc, g.cin, g.in), ys = activation_strides(g.nhwc, g.cout, g.out);
  std::vector<double> y(static_cast<std::size_t>(c.outputs[0].count()));
  const std::int64_t cin = g.cin_per_group(), cout = g.cout_per_group(), taps = g.taps();

  const auto pixel = [&](std::int64_t n, std::int64_t m, const Spatial& o) {
    double sum = bias.empty() ? 0.0 : bias[static_cast<std::size_t>(m)];
    const std::int64_t group = m / cout;
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      const Spatial k{tap / (g.kernel[1] * g.kernel[2]), tap / g.kernel[2] % g.kernel[1], tap % g.kernel[2]};
      std::int64_t offset = n * xs.batch + group * cin * xs.channel;
      bool inside = true;  // this tap of some input pixel lands on o
      for (std::size_t a = 0; a < 3; ++a) {
        const std::int64_t reach = o[a] + g.pad_begin[a] - k[a] * g.dilation[a];
        inside = inside && reach >= 0 && reach % g.stride[a] == 0 && reach / g.stride[a] < g.in[a];
        offset += reach / g.stride[a] * xs.space[a];
      }
      if (!inside) continue;
      for (std::int64_t i = 0; i < cin; ++i)
        sum += x[static_cast<std::size_t>(offset + i * xs.channel)] *
               w[static_cast<std::size_t>(((group * cin + i) * cout + m % cout) * taps + tap)];
    }
    const auto at = static_cast<std::size_t>(n * ys.batch + m * ys.channel + o[0] * ys.space[0] + o[1] * ys.space[1] +
                                             o[2] * ys.space[2]);
    y[at] = epilogue(sum, residual.empty() ? 0.0 : residual[at]);
  };
  for (std::int64_t n = 0; n < g.batch; ++n)
    for (std::int64_t m = 0; m < g.cout; ++m)
      for (std::int64_t d = 0; d < g.out[0]; ++d)
        for (std::int64_t h = 0; h < g.out[1]; ++h)
          for (std::int64_t v = 0; v < g.out[2]; ++v) pixel(n, m, {d, h, v});
  from_doubles(y, c.outputs[0]);
}

}  // namespace vireo::ops
