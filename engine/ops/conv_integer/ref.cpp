#include <algorithm>
#include <cmath>

#include "engine/ops/shared/conv_geometry.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void conv_integer_reference(const EvalContext& c) {
  const ConvGeometry g = conv_geometry(c.attributes, c.inputs[0].dims, c.inputs[1].dims, Direction::forward);
  if (c.outputs[0].count() == 0) return;
  const std::vector<std::int64_t> x = read_integers(c.inputs[0]), w = read_integers(c.inputs[1]);
  const auto given = [&c](std::size_t k) {
    return has_input(c, k) ? read_integers(c.inputs[k]) : std::vector<std::int64_t>{0};
  };
  const std::vector<std::int64_t> x_zero = given(2), w_zero = given(3), bias = given(4);
  const auto of = [](const std::vector<std::int64_t>& values, std::int64_t i) {
    return values.size() == 1 ? values[0] : values.at(static_cast<std::size_t>(i));
  };
  std::vector<double> y;
  const bool scaled = has_input(c, 5);
  const std::vector<double> scale = scaled ? to_doubles(c.inputs[5]) : std::vector<double>{};
  const std::vector<std::int64_t> y_zero = given(6);
  const double low = c.outputs[0].dtype == DataType::uint8 ? 0 : -128;
  const auto store = [&](std::int32_t sum, std::int64_t f) {
    if (!scaled) return y.push_back(sum);
    const auto factor = static_cast<float>(scale.size() == 1 ? scale[0] : scale.at(static_cast<std::size_t>(f)));
    const double value =
        std::nearbyint(static_cast<double>(static_cast<float>(sum) * factor)) + static_cast<double>(y_zero[0]);
    y.push_back(std::isnan(value) ? 0 : std::clamp(value, low, low + 255));
  };
  for (std::int64_t n = 0; n < g.batch; ++n)
    for (std::int64_t f = 0; f < g.cout; ++f)
      walk_index({g.out[0], g.out[1], g.out[2]}, [&](const Dims& at) {
        auto sum = static_cast<std::uint64_t>(of(bias, f));
        for (std::int64_t k = 0; k < g.cin_per_group(); ++k)
          walk_index({g.kernel[0], g.kernel[1], g.kernel[2]}, [&](const Dims& tap) {
            std::int64_t from = n * g.cin + f / g.cout_per_group() * g.cin_per_group() + k,
                         weight = f * g.cin_per_group() + k;
            for (std::size_t i = 0; i < 3; ++i) {
              const std::int64_t place = at[i] * g.stride[i] - g.pad_begin[i] + tap[i] * g.dilation[i];
              if (place < 0 || place >= g.in[i]) return;
              from = from * g.in[i] + place;
              weight = weight * g.kernel[i] + tap[i];
            }
            sum += static_cast<std::uint64_t>((x[static_cast<std::size_t>(from)] - x_zero[0]) *
                                              (w[static_cast<std::size_t>(weight)] - of(w_zero, f)));
          });
        store(static_cast<std::int32_t>(static_cast<std::uint32_t>(sum)), f);
      });
  from_doubles(y, c.outputs[0]);
}

}  // namespace vireo::ops
