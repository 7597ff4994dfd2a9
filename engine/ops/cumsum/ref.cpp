#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void cumsum_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &out = c.outputs[0];
  const std::size_t axis = wrap_axis(read_integers(c.inputs[1]).at(0), in.dims.size());
  const bool exclusive = c.attributes.integer("exclusive", 0) != 0, reverse = c.attributes.integer("reverse", 0) != 0;
  const bool product_wanted = c.attributes.text("function", "sum") == "product";
  const std::int64_t extent = in.dims[axis], outer = product(in.dims, 0, axis), inner = product_from(in.dims, axis + 1);
  if (in.count() == 0) return;
  dispatch_number(in.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (std::int64_t o = 0; o < outer; ++o)
      for (std::int64_t i = 0; i < inner; ++i) {
        Wide<T> running = product_wanted ? 1 : 0;
        for (std::int64_t n = 0; n < extent; ++n) {
          const std::int64_t at = (o * extent + (reverse ? extent - 1 - n : n)) * inner + i;
          const auto x = static_cast<Wide<T>>(in.as<T>()[at]);
          const Wide<T> next = product_wanted ? wrapping_mul(running, x) : wrapping_add(running, x);
          out.as<T>()[at] = static_cast<T>(exclusive ? running : next);
          running = next;
        }
      }
  });
}

}  // namespace vireo::ops
