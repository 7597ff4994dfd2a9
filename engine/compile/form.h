#pragma once
// Whether a network runs on its device as plan kernels (device/opencl/plan_kernel.h), which pays where launches cost
// more than the work, or as launches: measured by the builder, else guessed. A plan kernel takes the driver's compiler
// up to half a minute, a launch half a second: what is guessed has to be worth the wait (CompileOptions::patience_s).
// Any thread.

#include <string>

#include "engine/compile/compile.h"

namespace vireo::compile {

/// What that choice is kept under: "plan" or "launches" for a network like this one at its shapes.
[[nodiscard]] std::string form_key(const graph::Graph& graph);
/// Seconds that nobody minds waiting for.
inline constexpr double kPatience_s = 5;
inline constexpr std::string_view kPlanForm = "plan", kLaunchForm = "launches";
/// "plan" or "launches", as measured; empty where nobody knows, or the target has but one form.
[[nodiscard]] std::string_view known_form(const graph::Graph& graph, const CompileOptions& options);
/// What it is by a guess: plan kernels for small layers.
[[nodiscard]] std::string_view guessed_form(const graph::Graph& graph);
/// Seconds that a program's plan kernels will take to be compiled, roughly.
[[nodiscard]] double plan_compile_seconds(const device::Program& program, const device::Target& target);
/// Whether plan kernels can be worth their timing.
[[nodiscard]] bool may_be_plan(const graph::Graph& graph);

}  // namespace vireo::compile
