// non_zero as it runs: what the reference says, in the output's memory alone.
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void non_zero_evaluate(const EvalContext& c) {
  const View& in = c.inputs[0];
  View& out = c.outputs[0];
  auto* y = out.as<std::int64_t>();
  const std::size_t rank = in.dims.size();
  std::int64_t found = 0;
  dispatch_any(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = in.as<T>();
    for (std::int64_t i = 0, n = in.count(); i < n; ++i) {
      if (rank > 0) y[found] = i;  // found <= i: within the bound
      found += x[i] != T(0) ? 1 : 0;
    }
  });
  // Row 0 holds positions in the flat input, which are taken apart from the last axis on.
  for (std::size_t axis = rank; axis-- > 1;)
    for (std::int64_t k = 0; k < found; ++k) {
      y[static_cast<std::int64_t>(axis) * found + k] = y[k] % in.dims[axis];
      y[k] /= in.dims[axis];
    }
  out.dims = {static_cast<std::int64_t>(rank), found};
}

}  // namespace vireo::ops
