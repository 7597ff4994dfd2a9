// layer_norm on OpenCL devices: scale and bias of any shape, statistics too.
#include "engine/ops/layer_norm/opencl.h"

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

OpenclNorm layer_norm_opencl(const Problem& p) {
  const Dims& dims = p.inputs[0].dims;
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", -1), dims.size());
  OpenclNorm n{.mode = Normalization::mean_variance, .epsilon = p.attributes->real("epsilon", 1e-5), .dims = dims};
  for (std::size_t i = 0; i < dims.size(); ++i) n.along.push_back(i >= axis);
  n.x = strides_of(p.inputs[0]);
  n.y = strides_of(p.outputs[0]);
  n.scale = 1;
  n.scale_strides = broadcast_strides(p.inputs[1], dims);
  if (p.inputs.size() > 2 && p.inputs[2].present()) {
    n.bias = 2;
    n.bias_strides = broadcast_strides(p.inputs[2], dims);
  }
  n.statistics = p.outputs.size() > 2 && p.outputs[1].present() && p.outputs[2].present();
  return n;
}

std::string refuse_layer_norm_opencl(const Problem& p) {
  if (std::string why = refuse_opencl(p, kReals); !why.empty()) return why;
  if (!p.outputs[0].present()) return "gives no statistics alone";
  const OpenclNorm n = layer_norm_opencl(p);
  for (std::size_t k = 1; k < p.outputs.size() && !n.statistics; ++k)
    if (p.outputs[k].present()) return "gives both statistics or none";
  return refuse_norm(p, n);
}

}  // namespace vireo::ops
