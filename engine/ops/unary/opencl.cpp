// unary on OpenCL devices: an item an element.
#include "engine/ops/shared/opencl.h"
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/unary/functions.h"
#include "engine/ops/unary/kernels.h"

namespace vireo::ops {
namespace {

/// Its name in shared/opencl/functions.cl; empty where it is none of those.
std::string function_name(const Problem& p) {
  const UnaryParameters u = unary_parameters(*p.attributes);
  switch (u.function) {
    case UnaryFunction::logical_not:
    case UnaryFunction::bitwise_not:
    case UnaryFunction::isnan:
    case UnaryFunction::isinf:
    case UnaryFunction::unknown: return {};
    case UnaryFunction::silu: return u.a == 1 ? "f_silu" : "f_swish";
    case UnaryFunction::gelu: return u.tanh_gelu ? "f_gelu_tanh" : "f_gelu";
    default: return "f_" + p.attributes->text("function", "");
  }
}

bool plan(const Problem& p, Loop& loop) {
  const Dims strides[] = {strides_of(p.inputs[0]), strides_of(p.outputs[0])};
  return plan_loop(p.outputs[0].dims, strides, loop);
}

}  // namespace

std::string refuse_unary_opencl(const Problem& p) {
  if (std::string why = refuse_opencl(p, kReals); !why.empty()) return why;
  Loop loop;
  if (!plan(p, loop)) return "too many axes";
  return function_name(p).empty() ? "no kernel of this function" : "";
}

Launch prepare_unary_opencl(const Problem& p) {
  const UnaryParameters u = unary_parameters(*p.attributes);
  Loop loop;
  (void)plan(p, loop);
  KernelCall call("unary/elements.cl", "unary_elements");
  call.define_type("T", p.inputs[0].dtype).define_text("FUNCTION", function_name(p));
  call.define_real("ALPHA", u.a).define_real("BETA", u.b);
  if (loop.rank == 1 && loop.strides[0][0] == 1 && loop.strides[1][0] == 1) call.define("DENSE", 1);
  const std::int64_t count = p.outputs[0].count();
  call.input(0)
      .output(0)
      .integer(count)
      .value(loop_dims(loop))
      .value(loop_strides(loop, 0))
      .value(loop_strides(loop, 1));
  call.over({count, 1, 1}, {64, 1, 1});
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

}  // namespace vireo::ops
