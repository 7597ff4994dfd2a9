// gather on OpenCL devices; indices may come at run time.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/opencl_movement.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

/// Over the axes of the data before the indexed one, those of the indices, and those of the data behind it.
IndexedCopy indexed_copy(const Problem& p) {
  const Dims &data = p.inputs[0].dims, &index = p.inputs[1].dims;
  const Dims from = strides_of(p.inputs[0]), of_index = strides_of(p.inputs[1]);
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", 0), data.size());
  IndexedCopy copy{.dims = p.outputs[0].dims,
                   .data = Dims(p.outputs[0].dims.size(), 0),
                   .index = Dims(p.outputs[0].dims.size(), 0),
                   .other = strides_of(p.outputs[0]),
                   .extents = {data[axis]},
                   .steps = {from[axis]}};
  for (std::size_t i = 0; i < data.size(); ++i)
    if (i != axis) copy.data[i < axis ? i : i + index.size() - 1] = from[i];
  for (std::size_t i = 0; i < index.size(); ++i) copy.index[axis + i] = of_index[i];
  return copy;
}

}  // namespace

std::string refuse_gather_opencl(const Problem& p) { return refuse_opencl_indexed(p, indexed_copy(p)); }

Launch prepare_gather_opencl(const Problem& p) { return opencl_gather(p, indexed_copy(p)); }

}  // namespace vireo::ops
