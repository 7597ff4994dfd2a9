#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/ops/shared/quantization.h"

namespace vireo::ops {

void quantize_linear_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  if (out.count() == 0) return;
  const QuantizationGroups groups(c.attributes, in.dims, c.inputs[1].dims);
  const std::vector<double> scale = to_doubles(c.inputs[1]);
  const std::vector<double> zero = has_input(c, 2) ? to_doubles(c.inputs[2]) : std::vector<double>(scale.size(), 0.0);
  if (zero.size() != scale.size()) throw Error(ErrorCode::invalid_model, "scale and zero point must have one shape");
  dispatch_number(in.dtype, [&](auto from) {
    using From = typename decltype(from)::type;
    dispatch_integer(out.dtype, [&](auto to) {
      using To = typename decltype(to)::type;
      for (std::int64_t i = 0, n = in.count(); i < n; ++i) {
        const std::size_t g = groups.of(i);
        // The quotient is rounded to float first, as every implementation of the field computes it.
        const float ratio = static_cast<float>(in.as<From>()[i]) / static_cast<float>(scale[g]);
        const double value = std::nearbyint(static_cast<double>(ratio)) + zero[g];
        constexpr auto low = static_cast<double>(std::numeric_limits<To>::lowest()),
                       high = static_cast<double>(std::numeric_limits<To>::max());
        out.as<To>()[i] = std::isnan(value) ? To{0} : static_cast<To>(std::clamp(value, low, high));
      }
    });
  });
}

}  // namespace vireo::ops
