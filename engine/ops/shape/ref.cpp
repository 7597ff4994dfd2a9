#include <algorithm>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void shape_reference(const EvalContext& c) {
  const Dims& dims = c.inputs[0].dims;
  const auto rank = static_cast<std::int64_t>(dims.size());
  const std::int64_t given = c.attributes.integer("start", 0);
  const std::int64_t start = std::clamp<std::int64_t>(given < 0 ? given + rank : given, 0, rank);
  for (std::int64_t i = 0, n = c.outputs[0].count(); i < n; ++i)
    c.outputs[0].as<std::int64_t>()[i] = dims[static_cast<std::size_t>(start + i)];
}

}  // namespace vireo::ops
