// split as strided copies.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/movement.h"
#include "engine/ops/shared/opencl_movement.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

std::vector<StridedCopy> copies(const Problem& p) {
  const Dims from = strides_of(p.inputs[0]);
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", 0), from.size());
  std::vector<StridedCopy> list;
  std::int64_t at = 0;
  for (std::size_t k = 0; k < p.outputs.size(); ++k) {
    list.push_back({.output = static_cast<int>(k),
                    .from = at * from[axis],
                    .dims = p.outputs[k].dims,
                    .from_strides = from,
                    .to_strides = strides_of(p.outputs[k])});
    at += p.outputs[k].dims[axis];
  }
  return list;
}

std::string refuse(const Problem& p) {
  for (const graph::Desc& out : p.outputs)
    if (!out.present()) return "an output is missing";
  if (std::string why = refuse_movement(p); !why.empty()) return why;
  return movable(copies(p)) ? "" : "too many axes";
}

Launch prepare(const Problem& p) { return plan_movement(p, copies(p), size_of(p.outputs[0].dtype)); }

constexpr Tactic kTactics[] = {{.name = "split_copies_portable", .refuse = refuse, .prepare = prepare},
                               {.name = "split_copies_opencl",
                                .refuse = refuse_moved<refuse>,
                                .prepare = prepare_moved<copies>,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> split_tactics() { return kTactics; }

}  // namespace vireo::ops
