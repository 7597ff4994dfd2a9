// expand as strided copies.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/movement.h"
#include "engine/ops/shared/opencl_movement.h"

namespace vireo::ops {
namespace {

std::vector<StridedCopy> copies(const Problem& p) {
  return {{.dims = p.outputs[0].dims,
           .from_strides = broadcast_strides(p.inputs[0], p.outputs[0].dims),
           .to_strides = strides_of(p.outputs[0])}};
}

std::string refuse(const Problem& p) {
  if (std::string why = refuse_movement(p); !why.empty()) return why;
  return movable(copies(p)) ? "" : "too many axes";
}

Launch prepare(const Problem& p) { return plan_movement(p, copies(p), size_of(p.outputs[0].dtype)); }

constexpr Tactic kTactics[] = {{.name = "expand_copies_portable", .refuse = refuse, .prepare = prepare},
                               {.name = "expand_copies_opencl",
                                .refuse = refuse_moved<refuse>,
                                .prepare = prepare_moved<copies>,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> expand_tactics() { return kTactics; }

}  // namespace vireo::ops
