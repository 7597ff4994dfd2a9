// gemm on OpenCL devices.
#include "engine/ops/gemm/opencl.h"

#include "engine/ops/shared/reference.h"

namespace vireo::ops {

OpenclProduct gemm_opencl(const Problem& p) {
  const graph::Attributes& a = *p.attributes;
  const graph::Desc& out = p.outputs[0];
  const bool ta = a.integer("transA", 0) != 0, tb = a.integer("transB", 0) != 0;
  OpenclProduct g{.m = out.dims[0], .n = out.dims[1], .k = p.inputs[0].dims[ta ? 0 : 1]};
  g.a_row = ta ? 1 : p.inputs[0].pitch;
  g.a_step = ta ? p.inputs[0].pitch : 1;
  g.b_step = tb ? 1 : p.inputs[1].pitch;
  g.b_column = tb ? p.inputs[1].pitch : 1;
  g.c_row = out.pitch;
  g.c_column = 1;
  g.alpha = a.real("alpha", 1.0);
  g.beta = a.real("beta", 1.0);
  g.activation = activation_of(a, true);
  if (p.inputs.size() > 2 && p.inputs[2].present()) {
    const Dims strides = broadcast_strides(p.inputs[2], out.dims);
    g.addend = 2;
    g.addend_row = strides[0];
    g.addend_column = strides[1];
  }
  if (p.inputs.size() > 3 && p.inputs[3].present()) {
    g.residual = 3;
    g.residual_before = a.text("residual", "") == "before";
    g.residual_row = p.inputs[3].pitch;
    g.residual_column = 1;
  }
  return g;
}

}  // namespace vireo::ops
