#include <cmath>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void batch_norm_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const std::int64_t given = c.attributes.integer("axis", 1);
  const bool flat = in.dims.size() == 1 && given == 1;
  const std::size_t axis = flat ? 0 : wrap_axis(given, in.dims.size());
  const std::int64_t channels = flat ? 1 : in.dims[axis], outer = flat ? 1 : product(in.dims, 0, axis);
  const std::int64_t inner = flat ? in.count() : product_from(in.dims, axis + 1);
  const double epsilon = c.attributes.real("epsilon", 1e-5), momentum = c.attributes.real("momentum", 0.9);
  const bool training = c.attributes.integer("training_mode", 0) != 0;
  const std::vector<double> scale = to_doubles(c.inputs[1]), bias = to_doubles(c.inputs[2]);
  std::vector<double> mean = to_doubles(c.inputs[3]), var = to_doubles(c.inputs[4]);
  dispatch_real(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = in.as<T>();
    T* y = out.as<T>();
    for (std::int64_t ch = 0; ch < channels; ++ch) {
      const auto k = static_cast<std::size_t>(ch);
      const auto each = [&](auto&& f) {
        for (std::int64_t o = 0; o < outer; ++o)
          for (std::int64_t i = 0; i < inner; ++i) f((o * channels + ch) * inner + i);
      };
      double m = mean[k], v = var[k];
      if (training) {
        const auto n = static_cast<double>(outer * inner);
        m = v = 0;
        each([&](std::int64_t at) { m += static_cast<double>(x[at]); });
        m /= n;
        each([&](std::int64_t at) { v += (static_cast<double>(x[at]) - m) * (static_cast<double>(x[at]) - m); });
        v /= n;
        mean[k] = mean[k] * momentum + m * (1 - momentum);
        var[k] = var[k] * momentum + v * (1 - momentum);
      }
      const double factor = scale[k] / std::sqrt(v + epsilon);
      if (!out.present()) continue;
      each([&](std::int64_t at) { y[at] = static_cast<T>((static_cast<double>(x[at]) - m) * factor + bias[k]); });
    }
  });
  if (has_output(c, 1)) from_doubles(mean, c.outputs[1]);
  if (has_output(c, 2)) from_doubles(var, c.outputs[2]);
}

}  // namespace vireo::ops
