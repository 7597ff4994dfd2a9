#pragma once
// Whether a network runs as plan kernels or as launches on its device (compile/form.h): both are compiled and timed.

#include "engine/compile/compile.h"
#include "engine/device/device.h"

namespace vireo::tune {

/// Adds the choice for this static network. `options`: with the choices of tactics of both forms.
void time_forms(const graph::Graph& graph, const compile::CompileOptions& options, device::Device& device,
                plan::Choices& choices);

}  // namespace vireo::tune
