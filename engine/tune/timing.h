#pragma once
// Timing the candidates of every distinct problem of a graph, within a budget.

#include "engine/api/builder.h"
#include "engine/compile/compile.h"
#include "engine/device/cpu/thread_pool.h"

namespace vireo::tune {

struct TimingOptions {
  double budget_s = 10;
};

/// Adds a choice for every problem with more than one candidate that `choices` lacks. Dearest problems first; when the
/// budget ends, the rest keep their predicted tactic.
void time_candidates(const graph::Graph& graph, const compile::CompileOptions& compile_options,
                     const TimingOptions& options, plan::Choices& choices, const Progress& progress);

/// The best of one problem's candidates, timed even if there is but one. No tactic when none is admitted.
[[nodiscard]] plan::Choice time_problem(const graph::Problem& problem, const compile::CompileOptions& compile_options,
                                        const std::shared_ptr<device::ThreadPool>& pool, double budget_s);

/// Two problems that stand for each other, each with the tactic it has so far, in interleaved rounds: what else the
/// machine does meanwhile slows both. Their seconds in `choices` become these.
void time_pair(const graph::Problem& a, const graph::Problem& b, const compile::CompileOptions& compile_options,
               const std::shared_ptr<device::ThreadPool>& pool, double budget_s, plan::Choices& choices);

}  // namespace vireo::tune
