#include "engine/ops/shared/row_launch.h"

#include <array>

#include "engine/ops/shared/loop_plan.h"

namespace vireo::ops {
namespace {

constexpr std::size_t kMaxInputs = 8;

struct State {
  graph::CpuLaunch row;
  std::vector<RowSteps> inputs;
  RowSteps output;
};

void run_rows(const graph::TileArgs& args, std::int64_t n, std::int64_t begin, std::int64_t end) noexcept {
  const auto& s = *static_cast<const State*>(args.state);
  const graph::Phase& phase = s.row.phases[0];
  std::array<const void*, kMaxInputs> inputs{};
  void* output = nullptr;
  graph::TileArgs own{s.row.state.get(), inputs.data(), &output, args.scratch, nullptr, 0, args.fault};
  // Addresses are computed as numbers: a virtual tensor begins outside its memory.
  const auto at = [&](const void* base, const RowSteps& steps, std::int64_t r) {
    return reinterpret_cast<std::uintptr_t>(base) + static_cast<std::uintptr_t>(n * steps.image + r * steps.row);
  };
  for (std::int64_t r = begin; r < end; ++r) {
    for (std::size_t k = 0; k < s.inputs.size(); ++k)
      inputs[k] = args.inputs[k] ? reinterpret_cast<const void*>(at(args.inputs[k], s.inputs[k], r)) : nullptr;
    output = reinterpret_cast<void*>(at(args.outputs[0], s.output, r));
    for (own.tile = 0; own.tile < phase.tiles; ++own.tile) phase.run(own);
  }
}

RowSteps steps_of(const graph::Desc& desc) {
  if (desc.dims.size() != 4) return {};
  const Dims strides = strides_of(desc);
  const auto size = static_cast<std::int64_t>(size_of(desc.dtype));
  return {desc.dims[0] == 1 ? 0 : strides[0] * size, desc.dims[1] == 1 ? 0 : strides[1] * size};
}

}  // namespace

graph::Rows rows_by_launch(graph::CpuLaunch row, std::vector<RowSteps> inputs, RowSteps output, std::int64_t count) {
  graph::Rows rows;
  rows.run = run_rows;
  rows.scratch_bytes = row.scratch_bytes;
  rows.count = count;
  rows.state = std::make_shared<State>(State{std::move(row), std::move(inputs), output});
  return rows;
}

RowProblem one_row(const graph::Problem& problem) {
  RowProblem result{problem, {}, steps_of(problem.outputs[0]), problem.outputs[0].dims[1]};
  result.problem.workers = 1;
  for (graph::Desc& desc : result.problem.inputs) {
    result.inputs.push_back(steps_of(desc));
    if (desc.dims.size() == 4) desc.dims[0] = desc.dims[1] = 1;
  }
  graph::Desc& out = result.problem.outputs[0];
  out.dims[0] = out.dims[1] = 1;
  return result;
}

graph::RowRole elementwise_role(const graph::Problem& problem) {
  const Dims& out = problem.outputs[0].dims;
  if (out.size() != 4 || problem.inputs.size() > kMaxInputs) return {};
  for (const graph::Desc& desc : problem.inputs)  // of lower rank: the same for every row
    if (desc.dims.size() == 3 && desc.dims[0] != 1) return {};
  return {problem.inputs[0].dims == out, true};
}

graph::CpuLaunch elementwise_launch(const graph::Problem& problem, graph::CpuLaunch (*prepare)(const graph::Problem&)) {
  graph::CpuLaunch launch = prepare(problem);
  if (!elementwise_role(problem).gives) return launch;
  RowProblem row = one_row(problem);
  launch.rows = rows_by_launch(prepare(row.problem), std::move(row.inputs), row.output, row.count);
  return launch;
}

}  // namespace vireo::ops
