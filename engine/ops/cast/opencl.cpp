// cast on OpenCL devices; from a type to itself it only moves.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/opencl_movement.h"
#include "engine/ops/shared/opencl_rows.h"

namespace vireo::ops {
namespace {

int width_of(const Problem& p) { return opencl_width({p.inputs[0].dtype, p.outputs[0].dtype}); }

bool plan_rows(const Problem& p, OpenclRows& rows) {
  const Dims strides[] = {strides_of(p.inputs[0]), strides_of(p.outputs[0])};
  return plan_opencl_rows(p.outputs[0].dims, strides, width_of(p), rows);
}

const char* function_name(DataType from, DataType to) {
  if (to == DataType::boolean) return "c_test";
  if (is_float(to)) return is_float(from) ? "c_plain" : "c_real";
  return is_float(from) ? "c_cut" : "c_wrap";
}

}  // namespace

std::string refuse_cast_opencl(const Problem& p) {
  const bool same = p.inputs[0].dtype == p.outputs[0].dtype;
  if (std::string why = same ? refuse_opencl_movement(p) : refuse_opencl(p, kOpenclTypes); !why.empty()) return why;
  OpenclRows rows;
  return plan_rows(p, rows) ? "" : "too many axes";
}

Launch prepare_cast_opencl(const Problem& p) {
  const DataType from = p.inputs[0].dtype, to = p.outputs[0].dtype;
  if (from == to)
    return opencl_movement(
        p,
        {{.dims = p.outputs[0].dims, .from_strides = strides_of(p.inputs[0]), .to_strides = strides_of(p.outputs[0])}});
  OpenclRows rows;
  (void)plan_rows(p, rows);
  KernelCall call("cast/elements.cl", "cast_elements");
  call.define_type("TX", from).define_type("TY", to).define_text("FUNCTION", function_name(from, to));
  call.define("WIDTH", width_of(p)).input(0).output(0);
  if (is_float(from) && !is_float(to)) call.define("CUTS", 1);
  if (to == DataType::uint64) call.define("WIDE_UNSIGNED", 1);
  add_rows(call, rows);
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops
