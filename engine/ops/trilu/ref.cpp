#include <algorithm>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void trilu_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const bool upper = c.attributes.integer("upper", 1) != 0;
  const std::vector<std::int64_t> given = has_input(c, 1) ? read_integers(c.inputs[1]) : std::vector<std::int64_t>{0};
  const std::int64_t columns = in.dims.back(), rows = in.dims[in.dims.size() - 2];
  const std::int64_t k = std::max(-rows - 1, std::min(given.at(0), columns + 1));
  if (in.count() == 0) return;
  dispatch_bytes(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* x = in.as<T>();
    T* y = out.as<T>();
    for (std::int64_t n = 0, count = in.count(); n < count; ++n) {
      const std::int64_t row = n / columns % rows, column = n % columns;
      y[n] = (upper ? column >= row + k : column <= row + k) ? x[n] : T{0};
    }
  });
}

}  // namespace vireo::ops
