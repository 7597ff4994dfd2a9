// channel_shuffle as strided copies.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/movement.h"
#include "engine/ops/shared/opencl_movement.h"
#include "engine/ops/shared/reference.h"

namespace vireo::ops {
namespace {

std::vector<StridedCopy> copies(const Problem& p) {
  const Dims from = strides_of(p.inputs[0]), dims = p.inputs[0].dims;
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", 1), dims.size());
  const std::int64_t groups = p.attributes->integer("groups", 1), rest = dims[axis] / groups;
  const std::int64_t part = rest / static_cast<std::int64_t>(p.outputs.size());
  std::vector<StridedCopy> list;
  for (std::size_t k = 0; k < p.outputs.size(); ++k) {
    const Dims to = strides_of(p.outputs[k]);
    StridedCopy copy{.output = static_cast<int>(k), .from = static_cast<std::int64_t>(k) * part * from[axis]};
    for (std::size_t i = 0; i < dims.size(); ++i) {
      if (i == axis) {
        copy.dims.insert(copy.dims.end(), {part, groups});
        copy.from_strides.insert(copy.from_strides.end(), {from[i], rest * from[i]});
        copy.to_strides.insert(copy.to_strides.end(), {groups * to[i], to[i]});
      } else {
        copy.dims.push_back(dims[i]);
        copy.from_strides.push_back(from[i]);
        copy.to_strides.push_back(to[i]);
      }
    }
    list.push_back(std::move(copy));
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

constexpr Tactic kTactics[] = {{.name = "channel_shuffle_copies_portable", .refuse = refuse, .prepare = prepare},
                               {.name = "channel_shuffle_copies_opencl",
                                .refuse = refuse_moved<refuse>,
                                .prepare = prepare_moved<copies>,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> channel_shuffle_tactics() { return kTactics; }

}  // namespace vireo::ops
