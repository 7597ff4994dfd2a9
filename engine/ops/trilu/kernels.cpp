// Row by row: what is kept is copied, the rest zero. Bound by memory.
#include <algorithm>
#include <cstring>

#include "engine/ops/shared/shape.h"

namespace vireo::ops {

std::string refuse_trilu_opencl(const Problem&);
Launch prepare_trilu_opencl(const Problem&);

namespace {

struct State {
  std::int64_t count = 0, rows = 0, columns = 0, rows_per_tile = 1, in_pitch = 0, out_pitch = 0;
  std::int64_t diagonal = 0;
  bool upper = true, reads_diagonal = false;
  std::size_t size = 4;
};

void run(const TileArgs& args) noexcept {
  const State& s = *static_cast<const State*>(args.state);
  const std::int64_t k = s.reads_diagonal ? *static_cast<const std::int64_t*>(args.inputs[1]) : s.diagonal;
  const std::int64_t diagonal = std::clamp(k, -s.rows - 1, s.columns + 1);
  const std::int64_t first = args.tile * s.rows_per_tile, end = std::min(first + s.rows_per_tile, s.count);
  for (std::int64_t n = first; n < end; ++n) {
    const auto* from =
        static_cast<const std::byte*>(args.inputs[0]) + static_cast<std::size_t>(n * s.in_pitch) * s.size;
    auto* to = static_cast<std::byte*>(args.outputs[0]) + static_cast<std::size_t>(n * s.out_pitch) * s.size;
    // Upper: columns from row + diagonal on are kept; lower: those up to it.
    const std::int64_t edge = n % s.rows + diagonal + (s.upper ? 0 : 1);
    const auto cut = static_cast<std::size_t>(std::clamp<std::int64_t>(edge, 0, s.columns)) * s.size,
               all = static_cast<std::size_t>(s.columns) * s.size;
    if (s.upper) {
      std::memset(to, 0, cut);
      std::memcpy(to + cut, from + cut, all - cut);
    } else {
      std::memcpy(to, from, cut);
      std::memset(to + cut, 0, all - cut);
    }
  }
}

std::string refuse(const Problem& p) {
  const bool given = p.inputs.size() > 1 && p.inputs[1].present();
  if (given && !p.inputs[1].constant && p.inputs[1].dtype != DataType::int64)
    return "a diagonal that is not known when building and not int64";
  return p.outputs[0].count() == 0 ? "nothing to do" : "";
}

Launch prepare(const Problem& p) {
  auto s = std::make_shared<State>();
  const Dims& dims = p.outputs[0].dims;
  const bool given = p.inputs.size() > 1 && p.inputs[1].present();
  s->columns = dims.back();
  s->rows = dims[dims.size() - 2];
  s->count = p.outputs[0].count() / s->columns;
  s->in_pitch = p.inputs[0].pitch;
  s->out_pitch = p.outputs[0].pitch;
  s->upper = p.attributes->integer("upper", 1) != 0;
  s->reads_diagonal = given && !p.inputs[1].constant;
  if (given && p.inputs[1].constant) s->diagonal = to_integers(*p.inputs[1].constant).at(0);
  s->size = size_of(p.inputs[0].dtype);
  const std::int64_t tiles =
      std::clamp<std::int64_t>(p.outputs[0].count() / 16384, 1, std::min<std::int64_t>(32 * p.workers, s->count));
  s->rows_per_tile = (s->count + tiles - 1) / tiles;
  CpuLaunch launch;
  launch.phases = {{run, (s->count + s->rows_per_tile - 1) / s->rows_per_tile}};
  if (!s->reads_diagonal) launch.unread_inputs = 0b10;
  launch.state = std::move(s);
  return launch;
}

constexpr Tactic kTactics[] = {{.name = "trilu_rows_portable", .refuse = refuse, .prepare = prepare},
                               {.name = "trilu_elements_opencl",
                                .refuse = refuse_trilu_opencl,
                                .prepare = prepare_trilu_opencl,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> trilu_tactics() { return kTactics; }

}  // namespace vireo::ops
