#include <algorithm>
#include <cmath>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void lrn_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const bool last = c.attributes.text("layout", "nchw") == "nhwc";
  const std::int64_t size = c.attributes.integer("size", 1), channels = last ? in.dims.back() : in.dims[1];
  const double alpha = c.attributes.real("alpha", 1e-4), beta = c.attributes.real("beta", 0.75),
               bias = c.attributes.real("bias", 1.0);
  const std::int64_t inner = last ? 1 : product_from(in.dims, 2), count = in.count();
  dispatch_real(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = in.as<T>();
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t ch = i / inner % channels;
      double sum = 0;
      for (std::int64_t k = std::max<std::int64_t>(0, ch - (size - 1) / 2), end = std::min(channels - 1, ch + size / 2);
           k <= end; ++k) {
        const auto v = static_cast<double>(x[i + (k - ch) * inner]);
        sum += v * v;
      }
      out.as<T>()[i] =
          static_cast<T>(static_cast<double>(x[i]) / std::pow(bias + alpha / static_cast<double>(size) * sum, beta));
    }
  });
}

}  // namespace vireo::ops
