#include "engine/ops/tensor_scatter/geometry.h"

namespace vireo::ops {

void tensor_scatter_reference(const EvalContext& c) {
  const View &data = c.inputs[0], &update = c.inputs[1], &out = c.outputs[0];
  const bool given = has_input(c, 2);
  const TensorScatter g =
      tensor_scatter_geometry(c.attributes, data.dtype, data.dims, update.dims, given ? &c.inputs[2].dims : nullptr);
  copy_elements(data, out);
  if (update.count() == 0) return;
  const std::vector<std::int64_t> indices = given ? read_integers(c.inputs[2]) : std::vector<std::int64_t>{0};
  for (std::int64_t o = 0; o < g.outer; ++o)
    for (std::int64_t i = 0; i < g.length; ++i) {
      const std::int64_t to = g.place(indices[static_cast<std::size_t>(g.many ? o / g.per_batch : 0)], i);
      if (to < 0) throw Error(ErrorCode::invalid_argument, kTensorScatterFault);
      std::memcpy(out.as<char>() + static_cast<std::size_t>(o * g.extent + to) * g.run,
                  update.as<char>() + static_cast<std::size_t>(o * g.length + i) * g.run, g.run);
    }
}

}  // namespace vireo::ops
