#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void affine_grid_reference(const EvalContext& c) {
  const View& out = c.outputs[0];
  const bool align = c.attributes.integer("align_corners", 0) != 0;
  const auto rank = static_cast<std::size_t>(c.inputs[0].dims[1]);
  const std::vector<double> theta = to_doubles(c.inputs[0]);
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(out.count()));
  const auto coordinate = [&](std::int64_t i, std::int64_t extent) {
    if (align) return extent > 1 ? -1 + 2.0 * static_cast<double>(i) / static_cast<double>(extent - 1) : 0.0;
    return (2.0 * static_cast<double>(i) + 1) / static_cast<double>(extent) - 1;
  };
  walk_index(out.dims, [&](const Dims& at) {
    const double* row =
        &theta[(static_cast<std::size_t>(at[0]) * rank + static_cast<std::size_t>(at.back())) * (rank + 1)];
    double value = row[rank];
    for (std::size_t i = 0; i < rank; ++i) value += row[i] * coordinate(at[rank - i], out.dims[rank - i]);
    values.push_back(value);
  });
  from_doubles(values, out);
}

}  // namespace vireo::ops
