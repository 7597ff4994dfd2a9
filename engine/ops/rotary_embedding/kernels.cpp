// Tiles of some entries with all their heads; positions may come at run time. Bound by what memory gives of x.
#include <algorithm>
#include <cstring>

#include "engine/ops/rotary_embedding/geometry.h"
#include "engine/ops/rotary_embedding/rows.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {
namespace {

struct State {
  RotaryGeometry g;
  RotaryRows rows{};
  std::int64_t in_pitch = 0, out_pitch = 0, entries_per_tile = 1;
  std::int64_t cos_pitch = 0, sin_pitch = 0;
  bool wide = true;  ///< positions are int64
};

void turn_neighbours(float* y, const float* x, const float* cos, const float* sin, std::int64_t half) noexcept {
  for (std::int64_t i = 0; i < half; ++i) {
    const float a = x[2 * i], b = x[2 * i + 1];
    y[2 * i] = a * cos[i] - b * sin[i];
    y[2 * i + 1] = a * sin[i] + b * cos[i];
  }
}

void run_tile(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const RotaryGeometry& g = s.g;
  const auto *x = static_cast<const float*>(args.inputs[0]), *cos = static_cast<const float*>(args.inputs[1]),
             *sin = static_cast<const float*>(args.inputs[2]);
  auto* y = static_cast<float*>(args.outputs[0]);
  const void* positions = g.has_positions ? args.inputs[3] : nullptr;
  const std::int64_t first = args.tile * s.entries_per_tile,
                     end = std::min(first + s.entries_per_tile, g.batch * g.entries);
  for (std::int64_t i = first; i < end; ++i) {
    const std::int64_t b = i / g.entries, entry = i % g.entries,
                       row = s.wide ? g.row(static_cast<const std::int64_t*>(positions), b, entry)
                                    : g.row(static_cast<const std::int32_t*>(positions), b, entry);
    if (row < 0) return args.fault->store(kRotaryFault, std::memory_order_relaxed);
    for (std::int64_t head = 0; head < g.heads; ++head) {
      const float* from = x + g.at(b, head, entry, s.in_pitch);
      float* to = y + g.at(b, head, entry, s.out_pitch);
      const auto turn = g.interleaved ? &turn_neighbours : s.rows.halves;
      turn(to, from, cos + row * s.cos_pitch, sin + row * s.sin_pitch, g.half());
      if (g.turned < g.depth)
        std::memcpy(to + g.turned, from + g.turned, static_cast<std::size_t>(g.depth - g.turned) * sizeof(float));
    }
  }
}

std::string refuse_rotary(const Problem& p) {
  for (int k = 0; k < 3; ++k)
    if (p.inputs[static_cast<std::size_t>(k)].dtype != DataType::float32) return "takes float32 only";
  return p.outputs[0].count() == 0 ? "nothing to do" : "";
}

template <RotaryRows (*kRowsOf)()>
Launch prepare_rotary(const Problem& p) {
  auto state = std::make_shared<State>();
  State& s = *state;
  const bool positions = p.inputs.size() > 3 && p.inputs[3].present();
  s.g = rotary_geometry(*p.attributes, p.inputs[0].dims, p.inputs[1].dims, positions ? &p.inputs[3].dims : nullptr);
  s.rows = kRowsOf();
  s.in_pitch = p.inputs[0].pitch;
  s.out_pitch = p.outputs[0].pitch;
  s.cos_pitch = p.inputs[1].pitch;
  s.sin_pitch = p.inputs[2].pitch;
  s.wide = !positions || p.inputs[3].dtype == DataType::int64;
  const std::int64_t entries = s.g.batch * s.g.entries,
                     tiles = std::clamp<std::int64_t>(p.inputs[0].count() / 8192, 1,
                                                      std::min<std::int64_t>(entries, 4 * p.workers));
  s.entries_per_tile = (entries + tiles - 1) / tiles;
  graph::CpuLaunch launch;
  launch.phases = {{run_tile, (entries + s.entries_per_tile - 1) / s.entries_per_tile}};
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {
#if defined(__x86_64__)
    {.name = "rotary_embedding_rows_avx512",
     .isa = graph::Isa::avx512,
     .refuse = refuse_rotary,
     .prepare = prepare_rotary<rotary_rows_avx512>},
    {.name = "rotary_embedding_rows_avx2",
     .isa = graph::Isa::avx2,
     .refuse = refuse_rotary,
     .prepare = prepare_rotary<rotary_rows_avx2>},
#endif
    {.name = "rotary_embedding_rows_portable",
     .refuse = refuse_rotary,
     .prepare = prepare_rotary<rotary_rows_portable>},
};

}  // namespace

std::span<const Tactic> rotary_embedding_tactics() { return kTactics; }

}  // namespace vireo::ops
