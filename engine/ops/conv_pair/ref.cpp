#include "engine/ops/conv_pair/pair.h"
#include "engine/ops/shared/activation.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

/// Adds one of the two to y.
void add_convolution(const EvalContext& c, int which, std::vector<double>& y) {
  const auto first = static_cast<std::size_t>(2 * which - 2);
  const ConvGeometry g = pair_geometry(c.attributes, which, c.inputs[first].dims, c.inputs[first + 1].dims);
  const std::vector<double> x = to_doubles(c.inputs[first]), w = to_doubles(c.inputs[first + 1]);
  const auto pixel = [&](std::int64_t n, std::int64_t v, std::int64_t h, std::int64_t m) {
    double sum = 0;
    for (std::int64_t i = 0; i < g.kernel[1]; ++i)
      for (std::int64_t j = 0; j < g.kernel[2]; ++j) {
        const std::int64_t row = v * g.stride[1] - g.pad_begin[1] + i * g.dilation[1];
        const std::int64_t column = h * g.stride[2] - g.pad_begin[2] + j * g.dilation[2];
        if (row < 0 || row >= g.in[1] || column < 0 || column >= g.in[2]) continue;
        const std::int64_t from = ((n * g.in[1] + row) * g.in[2] + column) * g.cin;
        for (std::int64_t k = 0; k < g.cin; ++k)
          sum += x[static_cast<std::size_t>(from + k)] *
                 w[static_cast<std::size_t>(((m * g.cin + k) * g.kernel[1] + i) * g.kernel[2] + j)];
      }
    return sum;
  };
  std::size_t at = 0;
  for (std::int64_t n = 0; n < g.batch; ++n)
    for (std::int64_t v = 0; v < g.out[1]; ++v)
      for (std::int64_t h = 0; h < g.out[2]; ++h)
        for (std::int64_t m = 0; m < g.cout; ++m) y[at++] += pixel(n, v, h, m);
}

}  // namespace

void conv_pair_reference(const EvalContext& c) {
  if (c.outputs[0].count() == 0) return;
  const auto channels = static_cast<std::size_t>(c.outputs[0].dims[3]);
  const ActivationSpec activation = activation_of(c.attributes);
  std::vector<double> y(static_cast<std::size_t>(c.outputs[0].count()));
  if (has_input(c, 4)) {
    const std::vector<double> bias = to_doubles(c.inputs[4]);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = bias[i % channels];
  }
  add_convolution(c, 1, y);
  add_convolution(c, 2, y);
  for (double& value : y) value = apply(activation, value);
  from_doubles(y, c.outputs[0]);
}

}  // namespace vireo::ops
