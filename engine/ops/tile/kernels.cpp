// tile as strided copies.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/movement.h"
#include "engine/ops/shared/opencl_movement.h"

namespace vireo::ops {
namespace {

std::vector<StridedCopy> copies(const Problem& p) {
  // Each axis becomes (repeat, extent); in the input the repeats have stride 0.
  const Dims from = strides_of(p.inputs[0]), to = strides_of(p.outputs[0]);
  StridedCopy copy;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::int64_t extent = p.inputs[0].dims[i];
    copy.dims.insert(copy.dims.end(), {extent == 0 ? 0 : p.outputs[0].dims[i] / extent, extent});
    copy.from_strides.insert(copy.from_strides.end(), {0, from[i]});
    copy.to_strides.insert(copy.to_strides.end(), {extent * to[i], to[i]});
  }
  return {copy};
}

std::string refuse(const Problem& p) {
  if (std::string why = refuse_movement(p); !why.empty()) return why;
  return movable(copies(p)) ? "" : "too many axes";
}

Launch prepare(const Problem& p) { return plan_movement(p, copies(p), size_of(p.outputs[0].dtype)); }

constexpr Tactic kTactics[] = {{.name = "tile_copies_portable", .refuse = refuse, .prepare = prepare},
                               {.name = "tile_copies_opencl",
                                .refuse = refuse_moved<refuse>,
                                .prepare = prepare_moved<copies>,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> tile_tactics() { return kTactics; }

}  // namespace vireo::ops
