#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void transpose_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const Dims own = strides_of(in.dims);
  const std::vector<std::int64_t> perm = c.attributes.integers("perm");
  Dims strides(in.dims.size());
  for (std::size_t i = 0; i < strides.size(); ++i)
    strides[i] = own[perm.empty() ? strides.size() - 1 - i : wrap_axis(perm[i], strides.size())];
  dispatch_bytes(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = in.as<T>();
    T* y = out.as<T>();
    walk<1>(out.dims, {strides}, [&](const auto& at) { *y++ = x[at[0]]; });
  });
}

}  // namespace vireo::ops
