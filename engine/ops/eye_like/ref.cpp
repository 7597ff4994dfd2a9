#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void eye_like_reference(const EvalContext& c) {
  const View& out = c.outputs[0];
  const std::int64_t k = c.attributes.integer("k", 0);
  if (out.count() == 0) return;
  dispatch_any(out.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t row = 0; row < out.dims[0]; ++row)
      for (std::int64_t column = 0; column < out.dims[1]; ++column)
        out.as<T>()[row * out.dims[1] + column] = static_cast<T>(column - row == k ? 1 : 0);
  });
}

}  // namespace vireo::ops
