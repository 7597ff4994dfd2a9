#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void where_reference(const EvalContext& c) {
  const View& out = c.outputs[0];
  const std::array<Dims, 3> strides{broadcast_strides(c.inputs[0].dims, out.dims),
                                    broadcast_strides(c.inputs[1].dims, out.dims),
                                    broadcast_strides(c.inputs[2].dims, out.dims)};
  dispatch_bytes(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    walk<3>(out.dims, strides, [&](const auto& at) {
      *y++ = c.inputs[0].as<bool>()[at[0]] ? c.inputs[1].as<T>()[at[1]] : c.inputs[2].as<T>()[at[2]];
    });
  });
}

}  // namespace vireo::ops
