#include "engine/ops/shared/quantization.h"

namespace vireo::ops {

void dequantize_linear_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  if (out.count() == 0) return;
  const QuantizationGroups groups(c.attributes, in.dims, c.inputs[1].dims);
  const std::vector<double> scale = to_doubles(c.inputs[1]);
  const std::vector<double> zero = has_input(c, 2) ? to_doubles(c.inputs[2]) : std::vector<double>(scale.size(), 0.0);
  if (zero.size() != scale.size()) throw Error(ErrorCode::invalid_model, "scale and zero point must have one shape");
  dispatch_integer(in.dtype, [&](auto from) {
    using From = typename decltype(from)::type;
    dispatch_real(out.dtype, [&](auto to) {
      using To = typename decltype(to)::type;
      for (std::int64_t i = 0, n = in.count(); i < n; ++i) {
        const std::size_t g = groups.of(i);
        out.as<To>()[i] = static_cast<To>((static_cast<double>(in.as<From>()[i]) - zero[g]) * scale[g]);
      }
    });
  });
}

}  // namespace vireo::ops
