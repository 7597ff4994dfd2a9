// depth_to_space as strided copies.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/movement.h"
#include "engine/ops/shared/opencl_movement.h"

namespace vireo::ops {
namespace {

std::vector<StridedCopy> copies(const Problem& p) {
  const bool last = p.attributes->text("layout", "nchw") == "nhwc", dcr = p.attributes->text("mode", "DCR") == "DCR";
  const std::int64_t b = p.attributes->integer("blocksize", 1);
  const std::size_t channel = last ? 3 : 1, row = last ? 1 : 2;
  const Dims from = strides_of(p.inputs[0]), to = strides_of(p.outputs[0]), in = p.inputs[0].dims,
             out = p.outputs[0].dims;
  const std::int64_t channels = out[channel], c = from[channel], block = dcr ? channels * c : c,
                     step = dcr ? c : b * b * c;
  // n, row, row in block, column, column in block, channel
  return {{.dims = {in[0], in[row], b, in[row + 1], b, channels},
           .from_strides = {from[0], from[row], b * block, from[row + 1], block, step},
           .to_strides = {to[0], b * to[row], to[row], b * to[row + 1], to[row + 1], to[channel]}}};
}

std::string refuse(const Problem& p) {
  if (std::string why = refuse_movement(p); !why.empty()) return why;
  return movable(copies(p)) ? "" : "too many axes";
}

Launch prepare(const Problem& p) { return plan_movement(p, copies(p), size_of(p.outputs[0].dtype)); }

constexpr Tactic kTactics[] = {{.name = "depth_to_space_copies_portable", .refuse = refuse, .prepare = prepare},
                               {.name = "depth_to_space_copies_opencl",
                                .refuse = refuse_moved<refuse>,
                                .prepare = prepare_moved<copies>,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> depth_to_space_tactics() { return kTactics; }

}  // namespace vireo::ops
