// scatter_nd on OpenCL devices, without a reduction: the data is copied, then each update finds its place.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/opencl_movement.h"

namespace vireo::ops {
namespace {

/// Over the axes of the indices but their last, and those of the data behind the indexed ones.
IndexedCopy indexed_copy(const Problem& p) {
  const Dims &data = p.outputs[0].dims, &index = p.inputs[1].dims;
  const Dims to = strides_of(p.outputs[0]), of_index = strides_of(p.inputs[1]);
  const auto depth = static_cast<std::size_t>(index.back());
  IndexedCopy copy{.dims = p.inputs[2].dims,
                   .data = Dims(p.inputs[2].dims.size(), 0),
                   .index = Dims(p.inputs[2].dims.size(), 0),
                   .other = strides_of(p.inputs[2])};
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (i < depth) {
      copy.extents.push_back(data[i]);
      copy.steps.push_back(to[i]);
    } else {
      copy.data[i - depth + index.size() - 1] = to[i];
    }
  }
  for (std::size_t i = 0; i + 1 < index.size(); ++i) copy.index[i] = of_index[i];
  return copy;
}

}  // namespace

std::string refuse_scatter_nd_opencl(const Problem& p) {
  if (p.attributes->text("reduction", "none") != "none") return "a reduction needs atomic sums";
  return refuse_opencl_indexed(p, indexed_copy(p));
}

Launch prepare_scatter_nd_opencl(const Problem& p) { return opencl_scatter(p, indexed_copy(p)); }

}  // namespace vireo::ops
