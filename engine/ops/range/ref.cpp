#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void range_reference(const EvalContext& c) {
  dispatch_number(c.outputs[0].dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using W = Wide<T>;
    const W start = static_cast<W>(*c.inputs[0].as<T>()), delta = static_cast<W>(*c.inputs[2].as<T>());
    for (std::int64_t i = 0, n = c.outputs[0].count(); i < n; ++i)
      c.outputs[0].as<T>()[i] = static_cast<T>(wrapping_add(start, wrapping_mul(static_cast<W>(i), delta)));
  });
}

}  // namespace vireo::ops
