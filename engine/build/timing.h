#pragma once
// Timing the candidates of every distinct problem of a graph, within a budget.

#include "engine/api/builder.h"
#include "engine/build/compile.h"

namespace vireo::builder {

struct TimingOptions {
  double budget_s = 10;
};

/// Adds a choice for every problem with more than one candidate that `choices` lacks. Dearest problems first; when the
/// budget ends, the rest keep their predicted tactic.
void time_candidates(const graph::Graph& graph, const CompileOptions& compile_options, const TimingOptions& options,
                     Choices& choices, const Progress& progress);

}  // namespace vireo::builder
