// softmax on OpenCL devices.
#include "engine/ops/softmax/opencl.h"

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

OpenclNorm softmax_opencl(const Problem& p) {
  const std::string mode = p.attributes->text("mode", "softmax");
  Dims dims = p.inputs[0].dims, x = strides_of(p.inputs[0]), y = strides_of(p.outputs[0]);
  const bool scalar = dims.empty();
  if (scalar) dims = x = y = {1};
  OpenclNorm n{.mode = mode == "softmax"       ? Normalization::softmax
                       : mode == "log_softmax" ? Normalization::log_softmax
                                               : Normalization::hardmax,
               .dims = dims,
               .along = std::vector<bool>(dims.size()),
               .x = x,
               .y = y};
  n.along[scalar ? 0 : wrap_axis(p.attributes->integer("axis", -1), dims.size())] = true;
  return n;
}

std::string refuse_softmax_opencl(const Problem& p) {
  const std::string why = refuse_opencl(p, kReals);
  if (!why.empty()) return why;
  const OpenclNorm n = softmax_opencl(p);
  if (n.mode == Normalization::hardmax && p.inputs[0].count() >= 1 << 24) return "a float counts no such row";
  return refuse_norm(p, n);
}

}  // namespace vireo::ops
