#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void gather_reference(const EvalContext& c) {
  const View &data = c.inputs[0], &out = c.outputs[0];
  const std::size_t axis = wrap_axis(c.attributes.integer("axis", 0), data.dims.size());
  const std::int64_t extent = data.dims[axis], outer = product(data.dims, 0, axis);
  const auto run = static_cast<std::size_t>(product_from(data.dims, axis + 1)) * size_of(data.dtype);
  const std::vector<std::int64_t> indices = read_integers(c.inputs[1]);
  if (out.count() == 0) return;
  char* y = out.as<char>();
  for (std::int64_t o = 0; o < outer; ++o)
    for (std::int64_t index : indices) {
      if (index < -extent || index >= extent)
        throw Error(ErrorCode::invalid_argument, "gather: index " + std::to_string(index) + " is outside an axis of " +
                                                     std::to_string(extent) + " entries");
      const std::int64_t row = o * extent + (index < 0 ? index + extent : index);
      if (run > 0) std::memcpy(y, data.as<char>() + static_cast<std::size_t>(row) * run, run);
      y += run;
    }
}

}  // namespace vireo::ops
