// Whole runs of the data after the axis, copied by index; indices may come at run time.
#include <algorithm>
#include <cstring>

#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

std::string refuse_gather_opencl(const Problem&);
Launch prepare_gather_opencl(const Problem&);

namespace {

struct State {
  std::int64_t extent = 0, count = 0, rows = 0, rows_per_tile = 1;
  std::size_t run = 0;     ///< bytes
  bool wide_index = true;  ///< int64, else int32
};

std::string refuse(const Problem& p) {
  if (!p.inputs[0].dense() || !p.inputs[1].dense() || !p.outputs[0].dense()) return "takes dense tensors only";
  if (p.inputs[1].dtype != DataType::int64 && p.inputs[1].dtype != DataType::int32)
    return "takes indices of int32 and int64 only";
  if (p.outputs[0].count() == 0) return "nothing to do";
  return {};
}

template <typename T>
inline void copy_runs(const State& s, const graph::TileArgs& args) {
  const auto* x = static_cast<const std::byte*>(args.inputs[0]);
  auto* y = static_cast<std::byte*>(args.outputs[0]);
  const T* indices = static_cast<const T*>(args.inputs[1]);
  const std::int64_t first = args.tile * s.rows_per_tile, end = std::min(first + s.rows_per_tile, s.rows);
  std::int64_t outer = first / s.count, k = first % s.count;
  for (std::int64_t row = first; row < end; ++row) {
    const auto index = static_cast<std::int64_t>(indices[k]);
    if (index < -s.extent || index >= s.extent) {
      args.fault->store("gather: an index is outside the axis", std::memory_order_relaxed);
      return;
    }
    const std::int64_t from = outer * s.extent + (index < 0 ? index + s.extent : index);
    const std::byte* source = x + static_cast<std::size_t>(from) * s.run;
    std::byte* to = y + static_cast<std::size_t>(row) * s.run;
    if (s.run == 4) std::memcpy(to, source, 4);
    else if (s.run == 8) std::memcpy(to, source, 8);
    else std::memcpy(to, source, s.run);
    if (++k == s.count) k = 0, ++outer;
  }
}

void run(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  if (s.wide_index) copy_runs<std::int64_t>(s, args);
  else copy_runs<std::int32_t>(s, args);
}

Launch prepare(const Problem& p) {
  auto state = std::make_shared<State>();
  const Dims& data = p.inputs[0].dims;
  const std::size_t axis = wrap_axis(p.attributes->integer("axis", 0), data.size());
  state->extent = data[axis];
  state->count = p.inputs[1].count();
  state->rows = product(data, 0, axis) * state->count;
  state->run = static_cast<std::size_t>(product_from(data, axis + 1)) * size_of(p.inputs[0].dtype);
  state->wide_index = p.inputs[1].dtype == DataType::int64;
  const std::int64_t work = state->rows * static_cast<std::int64_t>(std::max<std::size_t>(state->run, 16));
  const std::int64_t wanted = std::clamp<std::int64_t>(work / 65536, 1, 32 * p.workers);
  state->rows_per_tile = (state->rows + wanted - 1) / wanted;
  graph::CpuLaunch launch;
  launch.phases = {{&run, (state->rows + state->rows_per_tile - 1) / state->rows_per_tile}};
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {{.name = "gather_runs_portable", .refuse = refuse, .prepare = prepare},
                               {.name = "gather_indexed_opencl",
                                .refuse = refuse_gather_opencl,
                                .prepare = prepare_gather_opencl,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> gather_tactics() { return kTactics; }

}  // namespace vireo::ops
