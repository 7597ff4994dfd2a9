#pragma once
// The layout of each convolution and pooling, for the whole network at once: the seconds of its best tactic with
// channels first and with channels last, and those of the reorders that the choice needs, labelled at the least cost
// (format_assignment.h). Kernels are fastest with channels last, and so are nearly all layers; a cheap layer among
// others that work on planes is the exception. Seconds are predicted; where a doubt about predictions could turn the
// choice, both sides are measured, within a budget. A layer keeps its channels first only where that wins by a margin,
// and where the network that the passes make of it is faster by the same seconds. Layers are labelled with formats, a
// layout and a type of elements (graph/format.h), those that a build permits (format_model.h); what passes carry out
// today is the layout.

#include <string>
#include <vector>

#include "engine/api/builder.h"
#include "engine/api/engine.h"
#include "engine/compile/compile.h"

namespace vireo::tune {

struct FormatSettings {
  std::map<std::string, Dims> shapes;  ///< the network's inputs, as for specialise
  compile::CompileOptions compile;     ///< its disabled passes are those of the build
  double budget_s = 0;                 ///< 0: predictions alone, and what `choices` knows
};

/// Marks the layers of a network whose channels stay first (passes/layout.h) and says what was weighed for each. The
/// network has run through all passes but compile::format_passes(). What is measured is added to `choices`, and the
/// decision too, so that whoever has them decides alike.
[[nodiscard]] std::vector<LayoutReport> choose_formats(graph::Graph& network, const FormatSettings& settings,
                                                       plan::Choices& choices, const Progress& progress);

}  // namespace vireo::tune
