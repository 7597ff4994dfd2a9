#include "engine/ops/shared/dynamic_range.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void dynamic_quantize_linear_reference(const EvalContext& c) {
  const View& in = c.inputs[0];
  const float* x = in.as<float>();
  const std::int64_t count = in.count();
  float least = 0, greatest = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    least = x[i] < least ? x[i] : least;
    greatest = x[i] > greatest ? x[i] : greatest;
  }
  const DynamicRange range = dynamic_range(least, greatest);
  for (std::int64_t i = 0; has_output(c, 0) && i < count; ++i) {
    const float value = std::nearbyint(x[i] / range.scale) + static_cast<float>(range.zero);
    c.outputs[0].as<std::uint8_t>()[i] =
        std::isnan(value) ? std::uint8_t{0} : static_cast<std::uint8_t>(std::clamp(value, 0.0f, 255.0f));
  }
  if (has_output(c, 1)) *c.outputs[1].as<float>() = range.scale;
  if (has_output(c, 2)) *c.outputs[2].as<std::uint8_t>() = range.zero;
}

}  // namespace vireo::ops
