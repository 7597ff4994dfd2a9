// matmul on OpenCL devices.
#include "engine/ops/matmul/opencl.h"

#include "engine/ops/shared/matmul_geometry.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {

OpenclProduct matmul_opencl(const Problem& p) {
  const MatmulGeometry own = matmul_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims);
  OpenclProduct g{.m = own.m, .n = own.n, .k = own.k};
  Dims a = strides_of(p.inputs[0]), b = strides_of(p.inputs[1]), c = strides_of(p.outputs[0]), r(c.size());
  if (p.inputs.size() > 2 && p.inputs[2].present()) {
    g.addend = 2;
    g.addend_column = 1;
  }
  if (p.inputs.size() > 3 && p.inputs[3].present()) {
    g.residual = 3;
    g.residual_before = p.attributes->text("residual", "") == "before";
    r = strides_of(p.inputs[3]);
  }
  g.alpha = own.alpha;
  g.activation = activation_of(*p.attributes, true);
  // The last axes of each, from the end: those of the product, the rest is the batch.
  const auto take = [](Dims& strides) {
    const std::int64_t last = strides.back();
    strides.pop_back();
    return last;
  };
  g.a_step = take(a);
  if (!own.a_vector) g.a_row = take(a);
  if (own.trans_a) std::swap(g.a_row, g.a_step);
  if (!own.b_vector) g.b_column = take(b);
  g.b_step = take(b);
  if (own.trans_b) std::swap(g.b_step, g.b_column);
  if (!own.b_vector) {
    g.c_column = take(c);
    g.residual_column = take(r);
  }
  if (!own.a_vector) {
    g.c_row = take(c);
    g.residual_row = take(r);
  }
  const Dims strides[] = {broadcast_strides(own.a_batch, a, own.batch), broadcast_strides(own.b_batch, b, own.batch), c,
                          r};
  if (!plan_loop(own.batch, strides, g.batch)) g.k = 0;  // refused
  return g;
}

}  // namespace vireo::ops
