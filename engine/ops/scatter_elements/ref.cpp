#include "engine/ops/shared/scatter.h"

namespace vireo::ops {

void scatter_elements_reference(const EvalContext& c) {
  const View &data = c.inputs[0], &updates = c.inputs[2], &out = c.outputs[0];
  ScatterReduction reduction = ScatterReduction::none;
  scatter_reduction_from(c.attributes.text("reduction", "none"), reduction);
  copy_elements(data, out);
  const std::size_t axis = wrap_axis(c.attributes.integer("axis", 0), data.dims.size());
  const std::vector<std::int64_t> indices = read_integers(c.inputs[1]);
  Dims strides = strides_of(data.dims);
  const std::int64_t step = strides[axis], extent = data.dims[axis];
  strides[axis] = 0;
  dispatch_any(moved_as(data.dtype), [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::size_t n = 0;
    walk<1>(updates.dims, {strides}, [&](const auto& at) {
      const std::int64_t index = indices[n];
      if (index < -extent || index >= extent)
        throw Error(ErrorCode::invalid_argument, "scatter_elements: index " + std::to_string(index) +
                                                     " is outside an axis of " + std::to_string(extent) + " entries");
      scatter_into(reduction, out.as<T>()[at[0] + (index < 0 ? index + extent : index) * step], updates.as<T>()[n++]);
    });
  });
}

}  // namespace vireo::ops
