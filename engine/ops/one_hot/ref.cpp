#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void one_hot_reference(const EvalContext& c) {
  const View &indices = c.inputs[0], &out = c.outputs[0];
  const std::size_t axis = wrap_axis(c.attributes.integer("axis", -1), out.dims.size());
  const std::int64_t depth = out.dims[axis], outer = product(out.dims, 0, axis),
                     inner = product_from(out.dims, axis + 1);
  if (out.count() == 0) return;
  const std::vector<std::int64_t> at = read_integers(indices);
  dispatch_bytes(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *values = c.inputs[2].as<T>(), off = values[0], on = values[1];
    T* y = out.as<T>();
    for (std::int64_t o = 0; o < outer; ++o)
      for (std::int64_t d = 0; d < depth; ++d)
        for (std::int64_t i = 0; i < inner; ++i) {
          const std::int64_t index = at[static_cast<std::size_t>(o * inner + i)];
          *y++ = (index < 0 ? index + depth : index) == d ? on : off;
        }
  });
}

}  // namespace vireo::ops
