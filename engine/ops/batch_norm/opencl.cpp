// batch_norm on OpenCL devices, where no convolution took it up: an item an element.
#include "engine/ops/shared/opencl.h"
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

bool opencl_loop(const Problem& p, Loop& loop) {
  const Dims& dims = p.inputs[0].dims;
  const std::int64_t given = p.attributes->integer("axis", 1);
  Dims channel(dims.size());
  if (dims.size() > 1 || given != 1) channel[wrap_axis(given, dims.size())] = 1;
  const Dims strides[] = {strides_of(p.inputs[0]), channel, strides_of(p.outputs[0])};
  return plan_loop(dims, strides, loop);
}

std::string refuse_batch_norm_opencl(const Problem& p) {
  if (std::string why = refuse_opencl(p, kReals); !why.empty()) return why;
  if (p.attributes->integer("training_mode", 0) != 0) return "takes no training mode";
  if (!p.outputs[0].present()) return "nothing to do";
  for (std::size_t k = 1; k < p.outputs.size(); ++k)
    if (p.outputs[k].present()) return "gives no statistics";
  for (std::size_t k = 2; k < 5; ++k)
    if (p.inputs[k].dtype != p.inputs[1].dtype) return "the channels' values differ in type";
  Loop loop;
  return opencl_loop(p, loop) ? "" : "too many axes";
}

Launch prepare_batch_norm_opencl(const Problem& p) {
  Loop loop;
  (void)opencl_loop(p, loop);
  const std::int64_t count = p.outputs[0].count();
  KernelCall call("batch_norm/elements.cl", "batch_norm_elements");
  call.define_type("T", p.inputs[0].dtype).define_type("S", p.inputs[1].dtype);
  call.input(0).input(1).input(2).input(3).input(4).output(0);
  call.value(static_cast<float>(p.attributes->real("epsilon", 1e-5))).integer(count).value(loop_dims(loop));
  call.value(loop_strides(loop, 0)).value(loop_strides(loop, 1)).value(loop_strides(loop, 2));
  call.over({count, 1, 1}, {64, 1, 1});
  OpenclLaunch launch;
  launch.kernels.push_back(call.done());
  return launch;
}

constexpr Tactic kTactics[] = {
    {.name = "batch_norm_elements_opencl",
     .refuse = refuse_batch_norm_opencl,
     .prepare = prepare_batch_norm_opencl,
     .device = "opencl"},
};

}  // namespace

std::span<const Tactic> batch_norm_tactics() { return kTactics; }

}  // namespace vireo::ops
