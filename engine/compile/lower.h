#pragma once
// From a plan's neutral network to one device's: the formats that its section decided on, carried out.

#include "engine/graph/graph.h"
#include "engine/plan/plan_state.h"

namespace vireo::compile {

/// The passes that carry out formats: they are left out when a network is made neutral.
[[nodiscard]] std::vector<std::string> format_passes();
/// Throws Error(invalid_model) where the section names layers that the network hasn't.
[[nodiscard]] graph::Graph lower(const Plan::State& plan, const plan::Section& section);
/// The marks of a network whose layers were marked (passes/layout.h), beside the same network without.
[[nodiscard]] std::vector<plan::FormatMark> format_marks(const graph::Graph& neutral, const graph::Graph& marked);

}  // namespace vireo::compile
