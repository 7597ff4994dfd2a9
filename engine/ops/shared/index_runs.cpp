#include "engine/ops/shared/index_runs.h"

namespace vireo::ops {

std::string refuse_index_runs(const Problem& p) {
  if (!p.inputs[0].dense() || !p.inputs[1].dense() || !p.outputs[0].dense()) return "takes dense tensors only";
  if (p.inputs[1].dtype != DataType::int64 && p.inputs[1].dtype != DataType::int32)
    return "takes indices of int32 and int64 only";
  if (p.outputs[0].count() == 0) return "nothing to do";
  return {};
}

IndexRuns index_runs(const Problem& p, std::int64_t rows, std::int64_t elements) {
  IndexRuns runs;
  runs.rows = rows;
  runs.run = static_cast<std::size_t>(elements) * size_of(p.inputs[0].dtype);
  runs.wide_index = p.inputs[1].dtype == DataType::int64;
  const std::int64_t work = rows * static_cast<std::int64_t>(std::max<std::size_t>(runs.run, 16));
  const std::int64_t wanted = std::clamp<std::int64_t>(work / 65536, 1, 32 * p.workers);
  runs.rows_per_tile = (rows + wanted - 1) / wanted;
  return runs;
}

Launch launch_index_runs(const IndexRuns& runs, std::shared_ptr<const void> state,
                         void (*run)(const graph::TileArgs&) noexcept) {
  graph::CpuLaunch launch;
  launch.phases = {{run, (runs.rows + runs.rows_per_tile - 1) / runs.rows_per_tile}};
  launch.state = std::move(state);
  return launch;
}

}  // namespace vireo::ops
