// space_to_depth as strided copies.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/movement.h"
#include "engine/ops/shared/opencl_movement.h"

namespace vireo::ops {
namespace {

std::vector<StridedCopy> copies(const Problem& p) {
  const bool last = p.attributes->text("layout", "nchw") == "nhwc";
  const std::int64_t b = p.attributes->integer("blocksize", 1);
  const std::size_t channel = last ? 3 : 1, row = last ? 1 : 2;
  const Dims from = strides_of(p.inputs[0]), to = strides_of(p.outputs[0]), in = p.inputs[0].dims,
             out = p.outputs[0].dims;
  const std::int64_t block = in[channel] * to[channel];
  return {{.dims = {in[0], out[row], b, out[row + 1], b, in[channel]},
           .from_strides = {from[0], b * from[row], from[row], b * from[row + 1], from[row + 1], from[channel]},
           .to_strides = {to[0], to[row], b * block, to[row + 1], block, to[channel]}}};
}

std::string refuse(const Problem& p) {
  if (std::string why = refuse_movement(p); !why.empty()) return why;
  return movable(copies(p)) ? "" : "too many axes";
}

Launch prepare(const Problem& p) { return plan_movement(p, copies(p), size_of(p.outputs[0].dtype)); }

constexpr Tactic kTactics[] = {{.name = "space_to_depth_copies_portable", .refuse = refuse, .prepare = prepare},
                               {.name = "space_to_depth_copies_opencl",
                                .refuse = refuse_moved<refuse>,
                                .prepare = prepare_moved<copies>,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> space_to_depth_tactics() { return kTactics; }

}  // namespace vireo::ops
