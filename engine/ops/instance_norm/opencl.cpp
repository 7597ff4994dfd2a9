// instance_norm on OpenCL devices.
#include "engine/ops/instance_norm/opencl.h"

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

OpenclNorm instance_norm_opencl(const Problem& p) {
  const Dims& dims = p.inputs[0].dims;
  const bool last = p.attributes->text("layout", "nchw") == "nhwc";
  const std::size_t axis = last ? dims.size() - 1 : 1;
  return channel_norm(p, axis, dims[axis]);
}

std::string refuse_instance_norm_opencl(const Problem& p) {
  const std::string why = refuse_opencl(p, kReals);
  return why.empty() ? refuse_norm(p, instance_norm_opencl(p)) : why;
}

}  // namespace vireo::ops
