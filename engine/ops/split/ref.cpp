#include <algorithm>

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

namespace {

/// Extents of all parts along the axis; those of absent outputs are nowhere else.
std::vector<std::int64_t> part_sizes(const EvalContext& c, std::int64_t extent) {
  const auto count = static_cast<std::int64_t>(c.outputs.size());
  std::vector<std::int64_t> sizes = has_input(c, 1) ? read_integers(c.inputs[1]) : c.attributes.integers("split");
  if (sizes.empty()) {
    const std::int64_t size = (extent + count - 1) / count;
    for (std::int64_t k = 0; k < count; ++k) sizes.push_back(std::min(size, extent - k * size));
  }
  if (static_cast<std::int64_t>(sizes.size()) != count)
    throw Error(ErrorCode::invalid_model,
                "split: names " + std::to_string(sizes.size()) + " parts, has " + std::to_string(count) + " outputs");
  return sizes;
}

}  // namespace

void split_reference(const EvalContext& c) {
  const View& in = c.inputs[0];
  const std::size_t axis = wrap_axis(c.attributes.integer("axis", 0), in.dims.size());
  const auto size = static_cast<std::int64_t>(size_of(in.dtype));
  const std::int64_t outer = product(in.dims, 0, axis), pitch = product_from(in.dims, axis) * size;
  if (in.count() == 0) return;
  const std::vector<std::int64_t> sizes = part_sizes(c, in.dims[axis]);
  const std::int64_t inner = product_from(in.dims, axis + 1) * size;
  std::int64_t at = 0;
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    const std::int64_t run = sizes[k] * inner;
    for (std::int64_t o = 0; o < outer && run > 0 && c.outputs[k].present(); ++o)
      std::memcpy(c.outputs[k].as<char>() + o * run, in.as<char>() + o * pitch + at, static_cast<std::size_t>(run));
    at += run;
  }
}

}  // namespace vireo::ops
