// constant_of_shape on OpenCL devices.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/opencl_movement.h"

namespace vireo::ops {
namespace {

std::vector<StridedCopy> copies(const Problem& p) {
  return {{.input = kZeros,
           .dims = p.outputs[0].dims,
           .from_strides = Dims(p.outputs[0].dims.size(), 0),
           .to_strides = strides_of(p.outputs[0])}};
}

std::string refuse(const Problem& p) {
  if (std::string why = refuse_opencl_movement(p); !why.empty()) return why;
  return movable(copies(p)) ? "" : "too many axes";
}

Launch prepare(const Problem& p) {
  return opencl_movement(p, copies(p), element_bits(p.outputs[0].dtype, p.attributes->real("value", 0.0)));
}

constexpr Tactic kTactics[] = {
    {.name = "constant_of_shape_fill_opencl", .refuse = refuse, .prepare = prepare, .device = "opencl"}};

}  // namespace

std::span<const Tactic> constant_of_shape_tactics() { return kTactics; }

}  // namespace vireo::ops
