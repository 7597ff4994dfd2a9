#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void image_input_reference(const EvalContext& c) {
  const std::vector<double> x = to_doubles(c.inputs[0]), scale = to_doubles(c.inputs[1]),
                            shift = to_doubles(c.inputs[2]);
  const bool planes = c.attributes.text("layout", "nchw") == "nchw";
  const Dims& out = c.outputs[0].dims;
  const std::int64_t channels = out[3], pixels = out[1] * out[2];
  if (c.outputs[0].count() == 0) return;
  std::vector<double> y(static_cast<std::size_t>(c.outputs[0].count()));
  for (std::int64_t n = 0; n < out[0]; ++n)
    for (std::int64_t i = 0; i < pixels; ++i)
      for (std::int64_t k = 0; k < channels; ++k) {
        const std::int64_t at = (n * pixels + i) * channels + k, from = planes ? (n * channels + k) * pixels + i : at;
        const auto channel = static_cast<std::size_t>(k);
        y[static_cast<std::size_t>(at)] = x[static_cast<std::size_t>(from)] * scale[channel] + shift[channel];
      }
  from_doubles(y, c.outputs[0]);
}

}  // namespace vireo::ops
