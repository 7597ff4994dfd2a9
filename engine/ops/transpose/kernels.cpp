// transpose as strided copies.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/movement.h"


namespace vireo::ops {
namespace {

std::vector<StridedCopy> copies(const Problem& p) {
  const Dims from = strides_of(p.inputs[0]);
  const Ints perm = p.attributes->integers("perm");
  Dims turned(from.size());
  for (std::size_t i = 0; i < from.size(); ++i)
    turned[i] = from[perm.empty() ? from.size() - 1 - i : static_cast<std::size_t>(perm[i] < 0 ? perm[i] + static_cast<std::int64_t>(from.size()) : perm[i])];
  return {{.dims = p.outputs[0].dims, .from_strides = turned, .to_strides = strides_of(p.outputs[0])}};
}

std::string refuse(const Problem& p) {

  if (std::string why = refuse_movement(p); !why.empty()) return why;
  return movable(copies(p)) ? "" : "too many axes";
}

Launch prepare(const Problem& p) { return plan_movement(p, copies(p), size_of(p.outputs[0].dtype)); }

constexpr Tactic kTactics[] = {{.name = "transpose_copies", .refuse = refuse, .prepare = prepare}};

}  // namespace

std::span<const Tactic> transpose_tactics() { return kTactics; }

}  // namespace vireo::ops
