// gather_nd on OpenCL devices; indices may come at run time.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/opencl_movement.h"

namespace vireo::ops {
namespace {

/// Over the axes of the indices but their last, and those of the data behind the indexed ones.
IndexedCopy indexed_copy(const Problem& p) {
  const Dims &data = p.inputs[0].dims, &index = p.inputs[1].dims;
  const Dims from = strides_of(p.inputs[0]), of_index = strides_of(p.inputs[1]);
  const auto batch = static_cast<std::size_t>(p.attributes->integer("batch_dims", 0));
  const auto depth = static_cast<std::size_t>(index.back());
  IndexedCopy copy{.dims = p.outputs[0].dims,
                   .data = Dims(p.outputs[0].dims.size(), 0),
                   .index = Dims(p.outputs[0].dims.size(), 0),
                   .other = strides_of(p.outputs[0])};
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (i >= batch && i < batch + depth) {
      copy.extents.push_back(data[i]);
      copy.steps.push_back(from[i]);
    } else {
      copy.data[i < batch ? i : i - batch - depth + index.size() - 1] = from[i];
    }
  }
  for (std::size_t i = 0; i + 1 < index.size(); ++i) copy.index[i] = of_index[i];
  return copy;
}

}  // namespace

std::string refuse_gather_nd_opencl(const Problem& p) { return refuse_opencl_indexed(p, indexed_copy(p)); }

Launch prepare_gather_nd_opencl(const Problem& p) { return opencl_gather(p, indexed_copy(p)); }

}  // namespace vireo::ops
