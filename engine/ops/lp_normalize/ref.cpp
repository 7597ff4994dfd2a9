#include <cmath>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void lp_normalize_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const std::size_t axis = wrap_axis(c.attributes.integer("axis", -1), in.dims.size());
  const bool squares = c.attributes.integer("p", 2) == 2;
  const std::int64_t extent = in.dims[axis], outer = product(in.dims, 0, axis), inner = product_from(in.dims, axis + 1);
  if (in.count() == 0) return;
  dispatch_real(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t o = 0; o < outer; ++o)
      for (std::int64_t i = 0; i < inner; ++i) {
        const std::int64_t base = o * extent * inner + i;
        double sum = 0;
        for (std::int64_t k = 0; k < extent; ++k) {
          const auto x = static_cast<double>(in.as<T>()[base + k * inner]);
          sum += squares ? x * x : std::abs(x);
        }
        const double norm = squares ? std::sqrt(sum) : sum;
        for (std::int64_t k = 0; k < extent; ++k)
          out.as<T>()[base + k * inner] =
              static_cast<T>(norm == 0 ? 0 : static_cast<double>(in.as<T>()[base + k * inner]) / norm);
      }
  });
}

}  // namespace vireo::ops
