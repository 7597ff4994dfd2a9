#include "engine/ops/shared/flat_copy.h"

#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/movement.h"
#include "engine/ops/shared/opencl_movement.h"

namespace vireo::ops {
namespace {

std::vector<StridedCopy> copies(const Problem& p) {
  graph::Desc dense = p.inputs[0];
  dense.pitch = dense.dims.empty() ? 0 : dense.dims.back();
  return {{.dims = dense.dims, .from_strides = strides_of(p.inputs[0]), .to_strides = strides_of(dense)}};
}

std::string refuse(const Problem& p) {
  if (!p.outputs[0].dense()) return "takes a dense output only";
  if (std::string why = refuse_movement(p); !why.empty()) return why;
  return movable(copies(p)) ? "" : "too many axes";
}

Launch prepare(const Problem& p) { return plan_movement(p, copies(p), size_of(p.outputs[0].dtype)); }

constexpr Tactic kTactics[] = {
    {.name = "flat_copy_portable", .refuse = refuse, .prepare = prepare},
    {.name = "flat_copy_opencl", .refuse = refuse_moved<refuse>, .prepare = prepare_moved<copies>, .device = "opencl"}};

}  // namespace

std::span<const Tactic> flat_copy_tactics() { return kTactics; }

}  // namespace vireo::ops
