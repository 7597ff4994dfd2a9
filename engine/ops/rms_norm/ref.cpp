#include <cmath>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void rms_norm_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const std::size_t axis = wrap_axis(c.attributes.integer("axis", -1), in.dims.size());
  const std::int64_t outer = product(in.dims, 0, axis), inner = product_from(in.dims, axis);
  const double epsilon = c.attributes.real("epsilon", 1e-5);
  if (in.count() == 0) return;
  const std::vector<double> scale = to_doubles(c.inputs[1]);
  std::vector<std::int64_t> scale_at;
  walk<1>(in.dims, {broadcast_strides(c.inputs[1].dims, in.dims)}, [&](const auto& at) { scale_at.push_back(at[0]); });
  dispatch_real(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t o = 0; o < outer; ++o) {
      const T* x = in.as<T>() + o * inner;
      double sum = 0;
      for (std::int64_t i = 0; i < inner; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
      const double factor = 1 / std::sqrt(sum / static_cast<double>(inner) + epsilon);
      for (std::int64_t i = 0; i < inner; ++i)
        out.as<T>()[o * inner + i] =
            static_cast<T>(static_cast<double>(x[i]) * factor *
                           scale[static_cast<std::size_t>(scale_at[static_cast<std::size_t>(o * inner + i)])]);
    }
  });
}

}  // namespace vireo::ops
