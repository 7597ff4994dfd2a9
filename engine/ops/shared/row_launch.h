#pragma once
// Rows (engine/device/cpu/launch.h) for layers of which one row is a smaller problem of the same kind: the launch of
// that problem, called at the row's place. Used when a kernel is prepared; any thread.

#include <vector>

#include "engine/graph/tactic.h"

namespace vireo::ops {

/// Bytes from one image to the next and from one row to the next; 0 where a tensor is broadcast.
struct RowSteps {
  std::int64_t image = 0, row = 0;
};
/// `row` has one phase and no workspace; `inputs` has one entry for each of its inputs.
[[nodiscard]] graph::Rows rows_by_launch(graph::CpuLaunch row, std::vector<RowSteps> inputs, RowSteps output,
                                         std::int64_t count);

/// Elementwise layers whose tensors of rank 4 have their rows on axis 1: the problem of one row, and its steps.
struct RowProblem {
  graph::Problem problem;
  std::vector<RowSteps> inputs;
  RowSteps output;
  std::int64_t count = 0;
};
[[nodiscard]] RowProblem one_row(const graph::Problem& problem);
/// It gives rows when its output has rank 4, and takes them when input 0 is as large.
[[nodiscard]] graph::RowRole elementwise_role(const graph::Problem& problem);
/// The launch of an elementwise layer, as `prepare` makes it, with its rows where it gives them.
[[nodiscard]] graph::CpuLaunch elementwise_launch(const graph::Problem& problem,
                                                  graph::CpuLaunch (*prepare)(const graph::Problem&));

}  // namespace vireo::ops
