#include "engine/ops/pool/kernels.h"

#include <algorithm>

#include "engine/ops/pool/window.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

using Set = PoolKernels (*)();

std::string refuse(const Problem& p) {
  if (p.inputs[0].dtype != DataType::float32) return "takes float32 only";
  if (p.inputs[0].dims.size() != 4 || !channels_last(*p.attributes)) return "takes layout nhwc of rank 4 only";
  if (p.outputs.size() > 1 && p.outputs[1].present()) return "makes no indices";
  if (p.attributes->text("mode", "max") == "lp") return "takes modes max and average only";
  if (!p.outputs[0].present() || p.outputs[0].count() == 0) return "nothing to do";
  if (std::string why = refuse_extents(p); !why.empty()) return why;
  return {};
}

struct PoolRows {
  PoolState state;  ///< one row a tile
  graph::TileFunction run;
};

void run_rows(const graph::TileArgs& args, std::int64_t n, std::int64_t begin, std::int64_t end) noexcept {
  const auto& s = *static_cast<const PoolRows*>(args.state);
  graph::TileArgs own = args;
  own.state = &s.state;
  for (std::int64_t r = begin; r < end; ++r) {
    own.tile = n * s.state.out_height + r;
    s.run(own);
  }
}

graph::RowRole by_rows(const Problem&) { return {true, true}; }

template <Set kSet>
Launch prepare(const Problem& p) {
  const std::vector<PoolAxis> axes = pool_axes(*p.attributes, p.inputs[0].dims);
  const PoolAxis &h = axes[0], &w = axes[1];
  auto state = std::make_shared<PoolState>();
  PoolState& s = *state;
  s = {h.in,
       w.in,
       p.inputs[0].dims[3],
       h.out,
       w.out,
       h.kernel,
       w.kernel,
       h.stride,
       w.stride,
       h.dilation,
       w.dilation,
       h.pad_begin,
       w.pad_begin,
       h.pad_end,
       w.pad_end,
       p.inputs[0].pitch,
       p.outputs[0].pitch,
       p.outputs[0].dims[0] * h.out};
  s.include_pad = p.attributes->integer("count_include_pad", 0) != 0;
  const double work = static_cast<double>(s.out_width * s.channels) * static_cast<double>(s.kernel_h * s.kernel_w);
  s.rows_per_tile = std::clamp<std::int64_t>(static_cast<std::int64_t>(65536 / std::max(work, 1.0)), 1,
                                             std::max<std::int64_t>(1, s.rows / (2 * p.workers)));
  const bool max = p.attributes->text("mode", "max") == "max";
  const bool separable = max && s.stride_w == 1 && s.dilation_w == 1 && s.kernel_w > 2 && s.kernel_h > 2 &&
                         s.left < s.kernel_w && s.right < s.kernel_w;
  graph::CpuLaunch launch;
  launch.phases = {{separable ? kSet().max_separable
                    : max     ? kSet().max
                              : kSet().average,
                    (s.rows + s.rows_per_tile - 1) / s.rows_per_tile}};
  if (separable) launch.scratch_bytes = static_cast<std::size_t>(s.width * s.channels) * sizeof(float);
  auto rows = std::make_shared<PoolRows>(PoolRows{s, launch.phases[0].run});
  rows->state.rows_per_tile = 1;
  launch.rows = {run_rows, std::move(rows), launch.scratch_bytes,           h.out,
                 h.stride, h.pad_begin,     (h.kernel - 1) * h.dilation + 1};
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "pool_nhwc_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<pool_kernels_avx512>,
     .rows = by_rows},
    {.name = "pool_nhwc_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse,
     .prepare = prepare<pool_kernels_avx2>,
     .rows = by_rows},
#endif
    {.name = "pool_nhwc_portable", .refuse = refuse, .prepare = prepare<pool_kernels_portable>, .rows = by_rows},
    {.name = "pool_bytes_portable", .refuse = refuse_pool_bytes, .prepare = prepare_pool_bytes},
    {.name = "pool_part_opencl", .refuse = refuse_pool_part, .prepare = prepare_pool_part, .device = "opencl"},
    {.name = "pool_strips_opencl",
     .refuse = refuse_pool_strips_opencl,
     .prepare = prepare_pool_strips_opencl,
     .device = "opencl"},
    {.name = "pool_window_opencl", .refuse = refuse_pool_opencl, .prepare = prepare_pool_opencl, .device = "opencl"},
};

}  // namespace

std::span<const Tactic> pool_tactics() { return kTactics; }

}  // namespace vireo::ops
