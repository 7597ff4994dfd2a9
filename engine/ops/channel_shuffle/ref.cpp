#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void channel_shuffle_reference(const EvalContext& c) {
  const View& in = c.inputs[0];
  const std::size_t axis = wrap_axis(c.attributes.integer("axis", 1), in.dims.size());
  const std::int64_t groups = c.attributes.integer("groups", 1), extent = in.dims[axis], rest = extent / groups;
  const auto parts = static_cast<std::int64_t>(c.outputs.size());
  const std::int64_t outer = product(in.dims, 0, axis), size = extent / parts;
  const auto run = static_cast<std::size_t>(product_from(in.dims, axis + 1)) * size_of(in.dtype);
  for (std::int64_t o = 0; o < outer && run > 0; ++o)
    for (std::int64_t g = 0; g < groups; ++g)
      for (std::int64_t r = 0; r < rest; ++r) {
        const std::int64_t to = r * groups + g;
        std::memcpy(c.outputs[static_cast<std::size_t>(to / size)].as<char>() +
                        static_cast<std::size_t>(o * size + to % size) * run,
                    in.as<char>() + static_cast<std::size_t>(o * extent + g * rest + r) * run, run);
      }
}

}  // namespace vireo::ops
