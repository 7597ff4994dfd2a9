// scatter_elements on OpenCL devices, without a reduction: the data is copied, then each update finds its place.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/opencl_movement.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

IndexedCopy indexed_copy(const Problem& p) {
  IndexedCopy copy{.dims = p.inputs[2].dims,
                   .data = strides_of(p.outputs[0]),
                   .index = strides_of(p.inputs[1]),
                   .other = strides_of(p.inputs[2])};
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", 0), copy.data.size());
  copy.extents = {p.outputs[0].dims[axis]};
  copy.steps = {copy.data[axis]};
  copy.data[axis] = 0;
  return copy;
}

std::string refuse(const Problem& p) {
  if (p.attributes->text("reduction", "none") != "none") return "a reduction needs atomic sums";
  return refuse_opencl_indexed(p, indexed_copy(p));
}

Launch prepare(const Problem& p) { return opencl_scatter(p, indexed_copy(p)); }

constexpr Tactic kTactics[] = {
    {.name = "scatter_elements_indexed_opencl", .refuse = refuse, .prepare = prepare, .device = "opencl"}};

}  // namespace

std::span<const Tactic> scatter_elements_tactics() { return kTactics; }

}  // namespace vireo::ops
