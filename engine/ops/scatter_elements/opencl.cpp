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

}  // namespace

std::string refuse_scatter_elements_opencl(const Problem& p) {
  if (p.attributes->text("reduction", "none") != "none") return "a reduction needs atomic sums";
  return refuse_opencl_indexed(p, indexed_copy(p));
}

Launch prepare_scatter_elements_opencl(const Problem& p) { return opencl_scatter(p, indexed_copy(p)); }

}  // namespace vireo::ops
