#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void arg_reduce_reference(const EvalContext& c) {
  const View& in = c.inputs[0];
  const std::size_t axis = wrap_axis(c.attributes.integer("axis", 0), in.dims.size());
  const std::int64_t extent = in.dims[axis], outer = product(in.dims, 0, axis), inner = product_from(in.dims, axis + 1);
  const bool max = c.attributes.text("mode", "max") == "max", last = c.attributes.integer("select_last_index", 0) != 0;
  std::int64_t* y = c.outputs[0].as<std::int64_t>();
  if (in.count() == 0) return;
  dispatch_number(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t o = 0; o < outer; ++o)
      for (std::int64_t i = 0; i < inner; ++i) {
        const T* x = in.as<T>() + o * extent * inner + i;
        std::int64_t best = 0;
        for (std::int64_t k = 1; k < extent; ++k) {
          const T a = x[k * inner], b = x[best * inner];
          if ((max ? a > b : a < b) || (last && a == b)) best = k;
        }
        *y++ = best;
      }
  });
}

}  // namespace vireo::ops
