#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void concat_reference(const EvalContext& c) {
  const View& out = c.outputs[0];
  const std::size_t axis = wrap_axis(c.attributes.integer("axis", 0), out.dims.size());
  const auto size = static_cast<std::int64_t>(size_of(out.dtype));
  const std::int64_t outer = product(out.dims, 0, axis), pitch = product_from(out.dims, axis) * size;
  if (out.count() == 0) return;
  std::int64_t at = 0;
  for (const View& in : c.inputs) {
    const std::int64_t run = product_from(in.dims, axis) * size;
    for (std::int64_t o = 0; o < outer && run > 0; ++o)
      std::memcpy(out.as<char>() + o * pitch + at, in.as<char>() + o * run, static_cast<std::size_t>(run));
    at += run;
  }
}

}  // namespace vireo::ops
