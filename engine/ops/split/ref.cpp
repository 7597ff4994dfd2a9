#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void split_reference(const EvalContext& c) {
  const View& in = c.inputs[0];
  const std::size_t axis = wrap_axis(c.attributes.integer("axis", 0), in.dims.size());
  const auto size = static_cast<std::int64_t>(size_of(in.dtype));
  const std::int64_t outer = product(in.dims, 0, axis), pitch = product_from(in.dims, axis) * size;
  std::int64_t at = 0;
  for (const View& out : c.outputs) {
    const std::int64_t run = product_from(out.dims, axis) * size;
    for (std::int64_t o = 0; o < outer && run > 0; ++o)
      std::memcpy(out.as<char>() + o * run, in.as<char>() + o * pitch + at, static_cast<std::size_t>(run));
    at += run;
  }
}

}  // namespace vireo::ops
