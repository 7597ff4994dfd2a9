#pragma once
// Whether a network runs on its device as plan kernels (device/opencl/plan_kernel.h), which pays where launches cost
// more than the work, or as launches: measured by the builder, else guessed. Any thread.

#include <string>

#include "engine/compile/compile.h"

namespace vireo::compile {

/// What that choice is kept under: "plan" or "launches" for a network like this one at its shapes.
[[nodiscard]] std::string form_key(const graph::Graph& graph);
inline constexpr std::string_view kPlanForm = "plan", kLaunchForm = "launches";
/// The options' target, or the same that takes launches only.
[[nodiscard]] const device::Target* target_for(const graph::Graph& graph, const CompileOptions& options);
/// Whether plan kernels can be worth their timing.
[[nodiscard]] bool may_be_plan(const graph::Graph& graph);

}  // namespace vireo::compile
