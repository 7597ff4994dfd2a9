#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void expand_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const Dims strides = broadcast_strides(in.dims, out.dims);
  dispatch_bytes(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    walk<1>(out.dims, {strides}, [&](const auto& at) { *y++ = in.as<T>()[at[0]]; });
  });
}

}  // namespace vireo::ops
