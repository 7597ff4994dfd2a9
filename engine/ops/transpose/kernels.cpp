// transpose as strided copies.
#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/movement.h"
#include "engine/ops/shared/opencl_movement.h"
#include "engine/ops/shared/row_launch.h"

namespace vireo::ops {
namespace {

std::vector<StridedCopy> copies(const Problem& p) {
  const Dims from = strides_of(p.inputs[0]);
  const Ints perm = p.attributes->integers("perm");
  Dims turned(from.size());
  for (std::size_t i = 0; i < from.size(); ++i)
    turned[i] =
        from[perm.empty()
                 ? from.size() - 1 - i
                 : static_cast<std::size_t>(perm[i] < 0 ? perm[i] + static_cast<std::int64_t>(from.size()) : perm[i])];
  return {{.dims = p.outputs[0].dims, .from_strides = turned, .to_strides = strides_of(p.outputs[0])}};
}

/// Images into channels-last give rows, channels-last into planes takes them.
graph::RowRole by_rows(const Problem& p) {
  const Ints perm = p.attributes->integers("perm");
  return {perm == Ints{0, 3, 1, 2}, perm == Ints{0, 2, 3, 1}};
}

/// One row: pixels by channels, or channels by pixels.
graph::Rows row_copies(const Problem& p, bool takes) {
  const Dims from = strides_of(p.inputs[0]), to = strides_of(p.outputs[0]), &out = p.outputs[0].dims;
  const auto size = static_cast<std::int64_t>(size_of(p.outputs[0].dtype));
  StridedCopy copy;
  copy.dims = takes ? Dims{out[1], out[3]} : Dims{out[2], out[3]};
  copy.from_strides = takes ? Dims{from[3], from[2]} : Dims{from[3], from[1]};
  copy.to_strides = takes ? Dims{to[1], to[3]} : Dims{to[2], to[3]};
  const std::size_t in_row = takes ? 1 : 2, out_row = takes ? 2 : 1;
  return rows_by_launch(plan_movement(p, {copy}, size_of(p.outputs[0].dtype)), {{from[0] * size, from[in_row] * size}},
                        {to[0] * size, to[out_row] * size}, out[out_row]);
}

std::string refuse(const Problem& p) {
  if (std::string why = refuse_movement(p); !why.empty()) return why;
  return movable(copies(p)) ? "" : "too many axes";
}

Launch prepare(const Problem& p) {
  graph::CpuLaunch launch = plan_movement(p, copies(p), size_of(p.outputs[0].dtype));
  const graph::RowRole role = by_rows(p);
  if (role.takes || role.gives) launch.rows = row_copies(p, role.takes);
  return launch;
}

constexpr Tactic kTactics[] = {
    {.name = "transpose_copies_portable", .refuse = refuse, .prepare = prepare, .rows = by_rows},
    {.name = "transpose_copies_opencl",
     .refuse = refuse_moved<refuse>,
     .prepare = prepare_moved<copies>,
     .device = "opencl"}};

}  // namespace

std::span<const Tactic> transpose_tactics() { return kTactics; }

}  // namespace vireo::ops
