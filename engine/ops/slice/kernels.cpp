// slice as strided copies.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/movement.h"
#include "engine/ops/shared/opencl_movement.h"
#include "engine/ops/slice/ranges.h"

namespace vireo::ops {
namespace {

std::vector<StridedCopy> copies(const Problem& p) {
  const auto list = [&](std::size_t k) {
    return k < p.inputs.size() && p.inputs[k].present() ? to_integers(*p.inputs[k].constant) : Ints{};
  };
  const std::vector<SliceRange> ranges = slice_ranges(p.inputs[0].dims, list(1), list(2), list(3), list(4));
  StridedCopy copy{
      .dims = p.outputs[0].dims, .from_strides = strides_of(p.inputs[0]), .to_strides = strides_of(p.outputs[0])};
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    copy.from += ranges[i].start * copy.from_strides[i];
    copy.from_strides[i] *= ranges[i].step;
  }
  return {copy};
}

std::string refuse(const Problem& p) {
  for (std::size_t k = 1; k < p.inputs.size(); ++k)
    if (p.inputs[k].present() && !p.inputs[k].constant) return "the ranges are not known when building";
  if (std::string why = refuse_movement(p); !why.empty()) return why;
  return movable(copies(p)) ? "" : "too many axes";
}

Launch prepare(const Problem& p) { return plan_movement(p, copies(p), size_of(p.outputs[0].dtype)); }

constexpr Tactic kTactics[] = {{.name = "slice_copies_portable", .refuse = refuse, .prepare = prepare},
                               {.name = "slice_copies_opencl",
                                .refuse = refuse_moved<refuse>,
                                .prepare = prepare_moved<copies>,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> slice_tactics() { return kTactics; }

}  // namespace vireo::ops
