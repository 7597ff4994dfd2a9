#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void tile_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const Dims strides = strides_of(in.dims);
  dispatch_bytes(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    walk_index(out.dims, [&](const Dims& index) {
      std::int64_t at = 0;
      for (std::size_t i = 0; i < index.size(); ++i) at += index[i] % in.dims[i] * strides[i];
      *y++ = in.as<T>()[at];
    });
  });
}

}  // namespace vireo::ops
