// Whole runs of the data behind the indexed axes, copied by index: filters (NonZero, Transpose, GatherND) end in it.
#include "engine/ops/shared/index_runs.h"

namespace vireo::ops {

std::string refuse_gather_nd_opencl(const Problem&);
Launch prepare_gather_nd_opencl(const Problem&);

namespace {

struct State {
  IndexRuns runs;
  std::int64_t positions = 1, block = 0;  ///< of a batch: indices, and data elements
  std::size_t depth = 0;
  std::vector<std::int64_t> extents, strides;  ///< of the indexed axes; strides in elements
  std::size_t size = 0;                        ///< of an element
};

template <typename T>
void copy(const State& s, const graph::TileArgs& args) {
  const T* indices = static_cast<const T*>(args.inputs[1]);
  copy_runs(s.runs, args, "gather_nd: an index is outside its axis", [&](std::int64_t row) -> std::int64_t {
    std::int64_t from = row / s.positions * s.block;
    const T* index = indices + row * static_cast<std::int64_t>(s.depth);
    for (std::size_t k = 0; k < s.depth; ++k) {
      const auto at = static_cast<std::int64_t>(index[k]);
      if (at < -s.extents[k] || at >= s.extents[k]) return -1;
      from += (at < 0 ? at + s.extents[k] : at) * s.strides[k];
    }
    return from * static_cast<std::int64_t>(s.size);
  });
}

void run(const graph::TileArgs& args) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  if (s.runs.wide_index) copy<std::int64_t>(s, args);
  else copy<std::int32_t>(s, args);
}

Launch prepare(const Problem& p) {
  auto state = std::make_shared<State>();
  const Dims &data = p.inputs[0].dims, &index = p.inputs[1].dims;
  const auto batch = static_cast<std::size_t>(p.attributes->integer("batch_dims", 0));
  state->depth = static_cast<std::size_t>(index.back());
  state->positions = product(index, batch, index.size() - 1);
  state->block = product_from(data, batch);
  const Dims strides = strides_of(data);
  for (std::size_t k = batch; k < batch + state->depth; ++k) {
    state->extents.push_back(data[k]);
    state->strides.push_back(strides[k]);
  }
  state->size = size_of(p.inputs[0].dtype);
  state->runs = index_runs(p, product(index, 0, index.size() - 1), product_from(data, batch + state->depth));
  return launch_index_runs(state->runs, state, run);
}

constexpr Tactic kTactics[] = {{.name = "gather_nd_runs_portable", .refuse = refuse_index_runs, .prepare = prepare},
                               {.name = "gather_nd_indexed_opencl",
                                .refuse = refuse_gather_nd_opencl,
                                .prepare = prepare_gather_nd_opencl,
                                .device = "opencl"}};

}  // namespace

std::span<const Tactic> gather_nd_tactics() { return kTactics; }

}  // namespace vireo::ops
