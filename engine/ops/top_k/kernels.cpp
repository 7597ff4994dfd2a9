#include "engine/ops/top_k/kernels.h"

#include <algorithm>

#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"
#include "engine/ops/top_k/opencl.h"

namespace vireo::ops {
namespace {

constexpr std::int64_t kSlack = 256;  ///< keys beyond k, at least, that are collected before the best k are found

struct State {
  std::int64_t outer, extent, k, in_pitch, value_pitch, position_pitch, rows_per_tile, room;
  bool largest, positions;
  TopKCollect collect;
};

/// Leaves the best k of the keys and takes the worst of them as the limit.
void keep_best(TopKScan& scan, std::int64_t k) {
  std::nth_element(scan.keys, scan.keys + (k - 1), scan.keys + scan.count);
  scan.count = k;
  scan.limited = true;
  scan.limit = scan.row[scan.keys[k - 1] & 0xffffffffu];
}

void run_rows(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  auto* values = static_cast<float*>(args.outputs[0]);
  auto* positions = s.positions ? static_cast<std::int64_t*>(args.outputs[1]) : nullptr;
  for (std::int64_t o = args.tile * s.rows_per_tile, end = std::min(o + s.rows_per_tile, s.outer); o < end; ++o) {
    TopKScan scan{
        .row = static_cast<const float*>(args.inputs[0]) + o * s.in_pitch, .extent = s.extent, .largest = s.largest};
    scan.keys = reinterpret_cast<std::uint64_t*>(args.scratch);
    scan.room = s.room;
    for (;;) {
      s.collect(scan);
      if (scan.next >= s.extent) break;
      keep_best(scan, s.k);
    }
    std::partial_sort(scan.keys, scan.keys + s.k, scan.keys + scan.count);
    for (std::int64_t n = 0; n < s.k; ++n) {
      const auto from = static_cast<std::int64_t>(scan.keys[n] & 0xffffffffu);
      values[o * s.value_pitch + n] = scan.row[from];
      if (positions) positions[o * s.position_pitch + n] = from;
    }
  }
}

std::string refuse(const Problem& p) {
  const Dims& dims = p.inputs[0].dims;
  if (p.inputs[0].dtype != DataType::float32) return "takes float32 only";
  if (wrap_axis(p.attributes->integer("axis", -1), dims.size()) + 1 != dims.size()) return "takes the last axis only";
  if (!p.outputs[0].present() || p.outputs[0].count() == 0) return "no values to give";
  return dims.back() > UINT32_MAX ? "the axis is too long" : "";
}

template <TopKCollect (*kCollect)()>
Launch prepare(const Problem& p) {
  auto state = std::make_shared<State>();
  State& s = *state;
  s.extent = p.inputs[0].dims.back();
  s.outer = p.inputs[0].count() / s.extent;
  s.k = p.outputs[0].dims.back();
  s.in_pitch = p.inputs[0].pitch;
  s.value_pitch = p.outputs[0].pitch;
  s.positions = p.outputs.size() > 1 && p.outputs[1].present();
  s.position_pitch = s.positions ? p.outputs[1].pitch : 0;
  s.largest = p.attributes->integer("largest", 1) != 0;
  s.collect = kCollect();
  s.room = std::min(s.k + std::max(s.k, kSlack), s.extent + kSlack);
  const std::int64_t wanted = std::clamp<std::int64_t>(p.inputs[0].count() / 8192, 1, 32 * p.workers);
  s.rows_per_tile = (s.outer + wanted - 1) / wanted;
  graph::CpuLaunch launch;
  launch.phases = {{&run_rows, (s.outer + s.rows_per_tile - 1) / s.rows_per_tile}};
  launch.scratch_bytes = static_cast<std::size_t>(s.room) * sizeof(std::uint64_t);
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "top_k_rows_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse,
     .prepare = prepare<top_k_collect_avx512>},
    {.name = "top_k_rows_avx2", .isa = graph::Isa::avx2, .refuse = refuse, .prepare = prepare<top_k_collect_avx2>},
#endif
    {.name = "top_k_rows_portable", .refuse = refuse, .prepare = prepare<top_k_collect_portable>},
    {.name = "top_k_ranks_opencl", .refuse = refuse_top_k_opencl, .prepare = prepare_top_k_opencl, .device = "opencl"},
};

}  // namespace

std::span<const Tactic> top_k_tactics() { return kTactics; }

}  // namespace vireo::ops
