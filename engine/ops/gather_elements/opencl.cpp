// gather_elements on OpenCL devices.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/opencl_movement.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

IndexedCopy indexed_copy(const Problem& p) {
  IndexedCopy copy{.dims = p.outputs[0].dims,
                   .data = strides_of(p.inputs[0]),
                   .index = strides_of(p.inputs[1]),
                   .other = strides_of(p.outputs[0])};
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", 0), copy.data.size());
  copy.extents = {p.inputs[0].dims[axis]};
  copy.steps = {copy.data[axis]};
  copy.data[axis] = 0;
  return copy;
}

std::string refuse(const Problem& p) { return refuse_opencl_indexed(p, indexed_copy(p)); }

Launch prepare(const Problem& p) { return opencl_gather(p, indexed_copy(p)); }

constexpr Tactic kTactics[] = {
    {.name = "gather_elements_indexed_opencl", .refuse = refuse, .prepare = prepare, .device = "opencl"}};

}  // namespace

std::span<const Tactic> gather_elements_tactics() { return kTactics; }

}  // namespace vireo::ops
