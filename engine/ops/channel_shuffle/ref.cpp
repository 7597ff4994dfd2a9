#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void channel_shuffle_reference(const EvalContext& c) {
  const View& in = c.inputs[0];
  const std::size_t axis = wrap_axis(c.attributes.integer("axis", 1), in.dims.size());
  const std::int64_t groups = c.attributes.integer("groups", 1), extent = in.dims[axis], rest = extent / groups;
  const auto parts = static_cast<std::int64_t>(c.outputs.size());
  const std::int64_t outer = product(in.dims, 0, axis), size = extent / parts;
  const auto run = static_cast<std::size_t>(product_from(in.dims, axis + 1)) * size_of(in.dtype);
  if (in.count() == 0) return;
  for (std::int64_t o = 0; o < outer; ++o)
    for (std::int64_t g = 0; g < groups; ++g)
      for (std::int64_t r = 0; r < rest; ++r) {
        const std::int64_t to = r * groups + g;
        const View& out = c.outputs[static_cast<std::size_t>(to / size)];
        if (!out.present()) continue;
        std::memcpy(out.as<char>() + static_cast<std::size_t>(o * size + to % size) * run,
                    in.as<char>() + static_cast<std::size_t>(o * extent + g * rest + r) * run, run);
      }
}

}  // namespace vireo::ops
