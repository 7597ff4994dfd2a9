// group_norm on OpenCL devices.
#include "engine/ops/group_norm/opencl.h"

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

OpenclNorm group_norm_opencl(const Problem& p) {
  const Dims& dims = p.inputs[0].dims;
  const bool last = p.attributes->text("layout", "nchw") == "nhwc";
  const std::size_t axis = last ? dims.size() - 1 : 1;
  return channel_norm(p, axis, p.attributes->integer("num_groups", 1));
}

std::string refuse_group_norm_opencl(const Problem& p) {
  const std::string why = refuse_opencl(p, kReals);
  return why.empty() ? refuse_norm(p, group_norm_opencl(p)) : why;
}

}  // namespace vireo::ops
