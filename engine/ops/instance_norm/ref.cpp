#include <cmath>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void instance_norm_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const bool last = c.attributes.text("layout", "nchw") == "nhwc";
  const std::int64_t batch = in.dims[0], channels = last ? in.dims.back() : in.dims[1];
  const std::int64_t spatial = last ? product(in.dims, 1, in.dims.size() - 1) : product_from(in.dims, 2);
  const double epsilon = c.attributes.real("epsilon", 1e-5);
  const std::vector<double> scale = to_doubles(c.inputs[1]), bias = to_doubles(c.inputs[2]);
  const std::int64_t step = last ? channels : 1;
  if (in.count() == 0) return;
  dispatch_real(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t n = 0; n < batch; ++n)
      for (std::int64_t ch = 0; ch < channels; ++ch) {
        const std::int64_t base = n * channels * spatial + (last ? ch : ch * spatial);
        const T* x = in.as<T>() + base;
        T* y = out.as<T>() + base;
        double mean = 0, var = 0;
        for (std::int64_t i = 0; i < spatial; ++i) mean += static_cast<double>(x[i * step]);
        mean /= static_cast<double>(spatial);
        for (std::int64_t i = 0; i < spatial; ++i) {
          const double d = static_cast<double>(x[i * step]) - mean;
          var += d * d;
        }
        const auto k = static_cast<std::size_t>(ch);
        const double factor = scale[k] / std::sqrt(var / static_cast<double>(spatial) + epsilon);
        for (std::int64_t i = 0; i < spatial; ++i)
          y[i * step] = static_cast<T>((static_cast<double>(x[i * step]) - mean) * factor + bias[k]);
      }
  });
}

}  // namespace vireo::ops
