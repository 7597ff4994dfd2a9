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

}  // namespace

std::string refuse_gather_elements_opencl(const Problem& p) { return refuse_opencl_indexed(p, indexed_copy(p)); }

Launch prepare_gather_elements_opencl(const Problem& p) { return opencl_gather(p, indexed_copy(p)); }

}  // namespace vireo::ops
