#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void non_zero_reference(const EvalContext& c) {
  const View& in = c.inputs[0];
  View& out = c.outputs[0];
  std::vector<std::int64_t> found;
  dispatch_any(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t i = 0, n = in.count(); i < n; ++i)
      if (in.as<T>()[i] != T(0)) found.push_back(i);
  });
  const Dims strides = strides_of(in.dims);
  const auto count = static_cast<std::int64_t>(found.size());
  for (std::size_t axis = 0; axis < strides.size(); ++axis)
    for (std::int64_t k = 0; k < count; ++k)
      out.as<std::int64_t>()[static_cast<std::int64_t>(axis) * count + k] =
          found[static_cast<std::size_t>(k)] / strides[axis] % in.dims[axis];
  out.dims = {static_cast<std::int64_t>(in.dims.size()), count};
}

}  // namespace vireo::ops
