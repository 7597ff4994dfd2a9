// Whole runs of the data after the axis, copied by index; indices may come at run time.
#include "engine/ops/shared/index_runs.h"

namespace vireo::ops {

std::string refuse_gather_opencl(const Problem&);
Launch prepare_gather_opencl(const Problem&);

namespace {

struct State {
  IndexRuns runs;
  std::int64_t extent = 0, count = 0;
};

template <typename T>
void copy(const State& s, const graph::TileArgs& args) {
  const T* indices = static_cast<const T*>(args.inputs[1]);
  const std::int64_t first = args.tile * s.runs.rows_per_tile;
  copy_runs(s.runs, args, "gather: an index is outside the axis",
            [&, outer = first / s.count, k = first % s.count](std::int64_t) mutable -> std::int64_t {
              const auto index = static_cast<std::int64_t>(indices[k]);
              if (index < -s.extent || index >= s.extent) return -1;
              const std::int64_t from = outer * s.extent + (index < 0 ? index + s.extent : index);
              if (++k == s.count) k = 0, ++outer;
              return from * static_cast<std::int64_t>(s.runs.run);
            });
}

void run(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  if (s.runs.wide_index) copy<std::int64_t>(s, args);
  else copy<std::int32_t>(s, args);
}

Launch prepare(const Problem& p) {
  auto state = std::make_shared<State>();
  const Dims& data = p.inputs[0].dims;
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", 0), data.size());
  state->extent = data[axis];
  state->count = p.inputs[1].count();
  state->runs = index_runs(p, product(data, 0, axis) * state->count, product_from(data, axis + 1));
  return launch_index_runs(state->runs, state, run);
}

constexpr Tactic kTactics[] = {{.name = "gather_runs_portable", .refuse = refuse_index_runs, .prepare = prepare},
                               {.name = "gather_indexed_opencl",
                                .refuse = refuse_gather_opencl,
                                .prepare = prepare_gather_opencl,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> gather_tactics() { return kTactics; }

}  // namespace vireo::ops
