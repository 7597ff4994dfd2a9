#include "engine/ops/shared/reference.h"
#include "engine/ops/slice/ranges.h"

namespace vireo::ops {

void slice_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const auto list = [&](std::size_t k) {
    return k < c.inputs.size() ? read_integers(c.inputs[k]) : std::vector<std::int64_t>{};
  };
  const std::vector<SliceRange> ranges = slice_ranges(in.dims, list(1), list(2), list(3), list(4));
  Dims strides = strides_of(in.dims);
  std::int64_t base = 0;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    base += ranges[i].start * strides[i];
    strides[i] *= ranges[i].step;
  }
  dispatch_bytes(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = in.as<T>() + base;
    T* y = out.as<T>();
    walk<1>(out.dims, {strides}, [&](const auto& at) { *y++ = x[at[0]]; });
  });
}

}  // namespace vireo::ops
