#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void constant_of_shape_reference(const EvalContext& c) {
  const double value = c.attributes.real("value", 0.0);
  const auto count = static_cast<std::size_t>(c.outputs[0].count());
  if (is_narrow(c.outputs[0].dtype)) return from_doubles(std::vector<double>(count, value), c.outputs[0]);
  dispatch_any(c.outputs[0].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T element = static_cast<T>(value);
    for (std::int64_t i = 0, n = c.outputs[0].count(); i < n; ++i) c.outputs[0].as<T>()[i] = element;
  });
}

}  // namespace vireo::ops
