// Whole runs of the data behind the indexed axes, copied by index: filters (NonZero, Transpose, GatherND) end in it.
#include <algorithm>
#include <cstring>

#include "engine/ops/shared/reference.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

std::string refuse_gather_nd_opencl(const Problem&);
Launch prepare_gather_nd_opencl(const Problem&);

namespace {

struct State {
  std::int64_t rows = 0, rows_per_tile = 1;
  std::int64_t positions = 1, block = 0;  ///< of a batch: indices, and data elements
  std::size_t depth = 0;
  std::vector<std::int64_t> extents, strides;  ///< of the indexed axes; strides in elements
  std::size_t size = 0, run = 0;               ///< bytes
  bool wide_index = true;                      ///< int64, else int32
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
  for (std::int64_t row = first; row < end; ++row) {
    std::int64_t from = row / s.positions * s.block;
    const T* index = indices + row * static_cast<std::int64_t>(s.depth);
    for (std::size_t k = 0; k < s.depth; ++k) {
      const auto at = static_cast<std::int64_t>(index[k]);
      if (at < -s.extents[k] || at >= s.extents[k]) {
        args.fault->store("gather_nd: an index is outside its axis", std::memory_order_relaxed);
        return;
      }
      from += (at < 0 ? at + s.extents[k] : at) * s.strides[k];
    }
    const std::byte* source = x + static_cast<std::size_t>(from) * s.size;
    std::byte* to = y + static_cast<std::size_t>(row) * s.run;
    if (s.run == 4) std::memcpy(to, source, 4);
    else std::memcpy(to, source, s.run);
  }
}

void run(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  if (s.wide_index) copy_runs<std::int64_t>(s, args);
  else copy_runs<std::int32_t>(s, args);
}

Launch prepare(const Problem& p) {
  auto state = std::make_shared<State>();
  const Dims &data = p.inputs[0].dims, &index = p.inputs[1].dims;
  const auto batch = static_cast<std::size_t>(p.attributes->integer("batch_dims", 0));
  state->depth = static_cast<std::size_t>(index.back());
  state->positions = product(index, batch, index.size() - 1);
  state->rows = product(index, 0, index.size() - 1);
  state->block = product_from(data, batch);
  const Dims strides = strides_of(data);
  for (std::size_t k = batch; k < batch + state->depth; ++k) {
    state->extents.push_back(data[k]);
    state->strides.push_back(strides[k]);
  }
  state->size = size_of(p.inputs[0].dtype);
  state->run = static_cast<std::size_t>(product_from(data, batch + state->depth)) * state->size;
  state->wide_index = p.inputs[1].dtype == DataType::int64;
  const std::int64_t work = state->rows * static_cast<std::int64_t>(std::max<std::size_t>(state->run, 16));
  const std::int64_t wanted = std::clamp<std::int64_t>(work / 65536, 1, 32 * p.workers);
  state->rows_per_tile = (state->rows + wanted - 1) / wanted;
  graph::CpuLaunch launch;
  launch.phases = {{&run, (state->rows + state->rows_per_tile - 1) / state->rows_per_tile}};
  launch.state = std::move(state);
  return launch;
}

constexpr Tactic kTactics[] = {{.name = "gather_nd_runs_portable", .refuse = refuse, .prepare = prepare},
                               {.name = "gather_nd_indexed_opencl",
                                .refuse = refuse_gather_nd_opencl,
                                .prepare = prepare_gather_nd_opencl,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> gather_nd_tactics() { return kTactics; }

}  // namespace vireo::ops
