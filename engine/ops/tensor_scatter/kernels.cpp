// Tiles of some runs along the axis: copied, then written into. Bound by what memory gives.
#include <algorithm>

#include "engine/ops/shared/shape.h"
#include "engine/ops/tensor_scatter/geometry.h"

namespace vireo::ops {
namespace {

struct State {
  TensorScatter g;
  bool given = false, wide = true;
  std::int64_t rows_per_tile = 1;
};

void run_tile(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const TensorScatter& g = s.g;
  const auto *data = static_cast<const char*>(args.inputs[0]), *update = static_cast<const char*>(args.inputs[1]);
  auto* out = static_cast<char*>(args.outputs[0]);
  const std::int64_t first = args.tile * s.rows_per_tile, end = std::min(first + s.rows_per_tile, g.outer);
  for (std::int64_t o = first; o < end; ++o) {
    const std::int64_t at = g.many ? o / g.per_batch : 0,
                       index = !s.given ? 0
                               : s.wide ? static_cast<const std::int64_t*>(args.inputs[2])[at]
                                        : static_cast<const std::int32_t*>(args.inputs[2])[at];
    const std::size_t whole = static_cast<std::size_t>(g.extent) * g.run;
    char* to = out + static_cast<std::size_t>(o) * whole;
    std::memcpy(to, data + static_cast<std::size_t>(o) * whole, whole);
    for (std::int64_t i = 0; i < g.length; ++i) {
      const std::int64_t place = g.place(index, i);
      if (place < 0) return args.fault->store(kTensorScatterFault, std::memory_order_relaxed);
      std::memcpy(to + static_cast<std::size_t>(place) * g.run,
                  update + static_cast<std::size_t>(o * g.length + i) * g.run, g.run);
    }
  }
}

std::string refuse_tensor_scatter(const Problem& p) {
  if (p.outputs[0].count() == 0) return "nothing to do";
  if (!p.inputs[0].dense() || !p.inputs[1].dense() || !p.outputs[0].dense()) return "takes dense tensors only";
  return {};
}

Launch prepare_tensor_scatter(const Problem& p) {
  auto state = std::make_shared<State>();
  State& s = *state;
  s.given = p.inputs.size() > 2 && p.inputs[2].present();
  s.wide = s.given && p.inputs[2].dtype == DataType::int64;
  s.g = tensor_scatter_geometry(*p.attributes, p.inputs[0].dtype, p.inputs[0].dims, p.inputs[1].dims,
                                s.given ? &p.inputs[2].dims : nullptr);
  const auto bytes = static_cast<std::int64_t>(static_cast<std::size_t>(s.g.outer * s.g.extent) * s.g.run);
  const std::int64_t tiles =
      std::clamp<std::int64_t>(bytes / 32768, 1, std::min<std::int64_t>(s.g.outer, 4 * p.workers));
  s.rows_per_tile = (s.g.outer + tiles - 1) / tiles;
  graph::CpuLaunch launch;
  launch.phases = {{run_tile, (s.g.outer + s.rows_per_tile - 1) / s.rows_per_tile}};
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {
    {.name = "tensor_scatter_runs_portable", .refuse = refuse_tensor_scatter, .prepare = prepare_tensor_scatter}};

}  // namespace

std::span<const Tactic> tensor_scatter_tactics() { return kTactics; }

}  // namespace vireo::ops
