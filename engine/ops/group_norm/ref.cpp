#include <cmath>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void group_norm_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const bool last = c.attributes.text("layout", "nchw") == "nhwc";
  const std::int64_t groups = c.attributes.integer("num_groups", 1), channels = last ? in.dims.back() : in.dims[1];
  const std::int64_t spatial = last ? product(in.dims, 1, in.dims.size() - 1) : product_from(in.dims, 2),
                     width = channels / groups;
  const double epsilon = c.attributes.real("epsilon", 1e-5);
  const std::vector<double> scale = to_doubles(c.inputs[1]), bias = to_doubles(c.inputs[2]);
  if (in.count() == 0) return;
  dispatch_real(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t n = 0; n < in.dims[0]; ++n)
      for (std::int64_t g = 0; g < groups; ++g) {
        const auto each = [&](auto&& f) {
          for (std::int64_t ch = g * width; ch < (g + 1) * width; ++ch)
            for (std::int64_t s = 0; s < spatial; ++s)
              f(n * channels * spatial + (last ? s * channels + ch : ch * spatial + s), static_cast<std::size_t>(ch));
        };
        const T* x = in.as<T>();
        const auto count = static_cast<double>(width * spatial);
        double mean = 0, var = 0;
        each([&](std::int64_t at, std::size_t) { mean += static_cast<double>(x[at]); });
        mean /= count;
        each([&](std::int64_t at, std::size_t) {
          var += (static_cast<double>(x[at]) - mean) * (static_cast<double>(x[at]) - mean);
        });
        const double factor = 1 / std::sqrt(var / count + epsilon);
        each([&](std::int64_t at, std::size_t ch) {
          out.as<T>()[at] = static_cast<T>((static_cast<double>(x[at]) - mean) * factor * scale[ch] + bias[ch]);
        });
      }
  });
}

}  // namespace vireo::ops
