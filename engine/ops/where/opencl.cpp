// where on OpenCL devices, row by row, values of any size.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/opencl_movement.h"
#include "engine/ops/shared/opencl_rows.h"

namespace vireo::ops {
namespace {

bool plan_rows(const Problem& p, OpenclRows& rows) {
  const Dims& out = p.outputs[0].dims;
  const Dims strides[] = {broadcast_strides(p.inputs[0], out), broadcast_strides(p.inputs[1], out),
                          broadcast_strides(p.inputs[2], out), strides_of(p.outputs[0])};
  return plan_opencl_rows(out, strides, 4, rows);
}

}  // namespace

std::string refuse_where_opencl(const Problem& p) {
  if (std::string why = refuse_opencl_movement(p); !why.empty()) return why;
  OpenclRows rows;
  return plan_rows(p, rows) ? "" : "too many axes";
}

Launch prepare_where_opencl(const Problem& p) {
  OpenclRows rows;
  (void)plan_rows(p, rows);
  KernelCall call("where/elements.cl", "where_elements");
  call.define_text("T", opencl_bits(p.outputs[0].dtype)).input(0).input(1).input(2).output(0);
  add_rows(call, rows);
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops
