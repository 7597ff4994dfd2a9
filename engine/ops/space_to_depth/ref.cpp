#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void space_to_depth_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const bool last = c.attributes.text("layout", "nchw") == "nhwc";
  const std::int64_t b = c.attributes.integer("blocksize", 1);
  const std::size_t channel = last ? 3 : 1, row = last ? 1 : 2;
  const std::int64_t channels = in.dims[channel];
  const Dims from = strides_of(in.dims);
  dispatch_bytes(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* y = out.as<T>();
    walk_index(out.dims, [&](const Dims& o) {
      const std::int64_t block = o[channel] / channels, ch = o[channel] % channels;
      *y++ = in.as<T>()[o[0] * from[0] + ch * from[channel] + (o[row] * b + block / b) * from[row] +
                        (o[row + 1] * b + block % b) * from[row + 1]];
    });
  });
}

}  // namespace vireo::ops
