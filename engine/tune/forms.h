#pragma once
// Whether a network runs as plan kernels or as launches on its device (compile/form.h): both are compiled and timed.

#include "engine/compile/compile.h"
#include "engine/device/device.h"

namespace vireo::tune {

/// Seconds that it takes to compile the network's plan kernels, roughly. `options`: with the choices so far.
[[nodiscard]] double seconds_of_plan_form(const graph::Graph& graph, const compile::CompileOptions& options);
/// Adds the choice for this static network. `options`: with the choices of tactics of both forms. `loading`: told of
/// what is compiled.
void time_forms(const graph::Graph& graph, const compile::CompileOptions& options, device::Device& device,
                plan::Choices& choices, const device::Loading& loading);

}  // namespace vireo::tune
