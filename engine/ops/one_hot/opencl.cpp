// one_hot on OpenCL devices; indices and the two values may come at run time.
#include "engine/ops/shared/opencl_movement.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

std::string refuse(const Problem& p) {
  if (std::string why = refuse_opencl_movement(p); !why.empty()) return why;
  if (p.inputs[0].dtype != DataType::int64 && p.inputs[0].dtype != DataType::int32)
    return "takes indices of int32 and int64 only";
  return {};
}

Launch prepare(const Problem& p) {
  const Dims &in = p.inputs[0].dims, &out = p.outputs[0].dims;
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", -1), out.size());
  KernelCall call("one_hot/elements.cl", "one_hot_elements");
  call.define_text("T", opencl_bits(p.outputs[0].dtype)).input(0).input(2).output(0).integer(p.outputs[0].count());
  call.integer(out[axis]).integer(product_from(out, axis + 1)).integer(p.inputs[0].dtype == DataType::int64);
  call.integer(in.empty() ? 1 : in.back()).integer(in.empty() ? 1 : p.inputs[0].pitch);
  call.integer(out.back()).integer(p.outputs[0].pitch).over({p.outputs[0].count(), 1, 1}, {64, 1, 1});
  OpenclLaunch launch;
  launch.unread_inputs = 0b10;
  launch.kernels.push_back(call.done());
  return launch;
}

constexpr Tactic kTactics[] = {
    {.name = "one_hot_elements_opencl", .refuse = refuse, .prepare = prepare, .device = "opencl"}};

}  // namespace

std::span<const Tactic> one_hot_tactics() { return kTactics; }

}  // namespace vireo::ops
