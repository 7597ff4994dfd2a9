#include "engine/ops/shared/scatter.h"

namespace vireo::ops {

void scatter_nd_reference(const EvalContext& c) {
  const View &data = c.inputs[0], &index = c.inputs[1], &updates = c.inputs[2], &out = c.outputs[0];
  ScatterReduction reduction = ScatterReduction::none;
  scatter_reduction_from(c.attributes.text("reduction", "none"), reduction);
  copy_elements(data, out);
  if (out.count() == 0 || updates.count() == 0) return;
  const auto depth = static_cast<std::size_t>(index.dims.back());
  const std::int64_t positions = product(index.dims, 0, index.dims.size() - 1), run = product_from(data.dims, depth);
  const Dims strides = strides_of(data.dims);
  const std::vector<std::int64_t> indices = read_integers(index);
  dispatch_any(moved_as(data.dtype), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* u = updates.as<T>();
    std::size_t n = 0;
    for (std::int64_t p = 0; p < positions; ++p) {
      std::int64_t at = 0;
      for (std::size_t k = 0; k < depth; ++k) {
        const std::int64_t i = indices[n++], extent = data.dims[k];
        if (i < -extent || i >= extent)
          throw Error(ErrorCode::invalid_argument, "scatter_nd: index " + std::to_string(i) +
                                                       " is outside an axis of " + std::to_string(extent) + " entries");
        at += (i < 0 ? i + extent : i) * strides[k];
      }
      for (std::int64_t i = 0; i < run; ++i) scatter_into(reduction, out.as<T>()[at + i], *u++);
    }
  });
}

}  // namespace vireo::ops
