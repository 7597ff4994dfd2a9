#include "engine/ops/shared/reference.h"

namespace vireo::ops {

void compress_reference(const EvalContext& c) {
  const View &in = c.inputs[0], &condition = c.inputs[1];
  View& out = c.outputs[0];
  const bool flat = !c.attributes.has("axis");
  const Dims& dims = in.dims;
  const std::size_t axis = flat ? 0 : wrap_axis(c.attributes.integer("axis", 0), dims.size());
  const bool empty = in.count() == 0;  // then only the kept entries are counted
  const std::int64_t outer = empty || flat ? 1 : product(dims, 0, axis), extent = flat ? in.count() : dims[axis];
  const std::int64_t entry = flat ? 1 : product_from(dims, axis + 1);
  const std::size_t run = empty ? 0 : static_cast<std::size_t>(entry) * size_of(in.dtype);
  char* y = out.as<char>();
  std::int64_t kept = 0;
  for (std::int64_t o = 0; o < outer; ++o) {
    kept = 0;
    for (std::int64_t i = 0; i < extent && i < condition.count(); ++i) {
      if (!condition.as<bool>()[i]) continue;
      if (run > 0) std::memcpy(y, in.as<char>() + static_cast<std::size_t>(o * extent + i) * run, run);
      y += run;
      ++kept;
    }
  }
  if (flat) out.dims.assign(1, 0);
  else out.dims = dims;
  out.dims[axis] = kept;
}

}  // namespace vireo::ops
