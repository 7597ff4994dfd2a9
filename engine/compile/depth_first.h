#pragma once
// Depth-first groups: layers that follow each other run as one step. A tile is a band of rows of the last layer; it
// walks down the band a few rows at a time, and each layer hands its rows to the next through scratch that stays in the
// second-level cache, so that the tensors between them are never stored. Rows that the windows of two successive calls
// share are kept, those at the border of two bands are computed twice. Which layers are worth it is measured (timing.h)
// or, untimed, guessed. Pure functions; any thread.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/compile/compile.h"
#include "engine/compile/placement.h"

namespace vireo::compile {

inline constexpr std::size_t kMaxDepthFirst = 4;  ///< layers of a group

/// The longest runs of layers (two or more) that can hand on rows: every tensor between them is read once, by the next
/// layer, as its first input, and owns its memory.
[[nodiscard]] std::vector<std::vector<graph::LayerId>> find_runs(const graph::Graph& graph,
                                                                 const std::vector<graph::LayerId>& order,
                                                                 const Placement& placement,
                                                                 const CompileOptions& options);

/// What timings of a group are kept under: as one step, and as steps of their own.
[[nodiscard]] std::string fused_key(std::span<const graph::Problem> problems, const CompileOptions& options);
[[nodiscard]] std::string apart_key(std::span<const graph::Problem> problems, const CompileOptions& options);

struct DepthFirstStep {
  graph::Launch launch;  ///< inputs: all of the first layer, then for each further one all but its first
  std::string tactic;    ///< names of the members' tactics
};
/// Nothing when a few rows of everything don't fit the cache.
[[nodiscard]] std::optional<DepthFirstStep> prepare_depth_first(std::span<const graph::Problem> problems,
                                                                const CompileOptions& options);

/// A rough model: seconds that a group saves by not moving its tensors, less what its kernels lose against the best for
/// each layer; and the seconds of its layers. A saving far below zero is not worth timing.
struct DepthFirstEstimate {
  double saved = 0, cost = 0;
};
[[nodiscard]] DepthFirstEstimate estimate_depth_first(std::span<const graph::Problem> problems,
                                                      const CompileOptions& options);

/// The disjoint groups, each of successive layers of one run, that save most: measured where `options.choices` knows
/// them, else predicted.
[[nodiscard]] std::vector<std::vector<graph::LayerId>> choose_depth_first(const graph::Graph& graph,
                                                                          const std::vector<graph::LayerId>& order,
                                                                          const Placement& placement,
                                                                          const CompileOptions& options);

}  // namespace vireo::compile
