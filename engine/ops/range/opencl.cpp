// range on OpenCL devices; its length must be known.
#include "engine/ops/shared/opencl_rows.h"

namespace vireo::ops {
namespace {

std::string refuse(const Problem& p) {
  if (p.outputs[0].dtype == DataType::boolean) return "takes numbers";
  return refuse_opencl(p, kOpenclTypes);
}

Launch prepare(const Problem& p) {
  const DataType type = p.outputs[0].dtype;
  KernelCall call("range/elements.cl", "range_elements");
  call.define_type("T", type).define("REAL", is_float(type)).input(0).input(2).output(0).integer(p.outputs[0].count());
  call.over({p.outputs[0].count(), 1, 1}, {64, 1, 1});
  OpenclLaunch launch;
  launch.unread_inputs = 0b10;
  launch.kernels.push_back(call.done());
  return launch;
}

constexpr Tactic kTactics[] = {
    {.name = "range_elements_opencl", .refuse = refuse, .prepare = prepare, .device = "opencl"}};

}  // namespace

std::span<const Tactic> range_tactics() { return kTactics; }

}  // namespace vireo::ops
