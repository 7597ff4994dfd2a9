#pragma once
// How many workers share the tiles of each step: all, but for small steps that timing found faster on fewer
// (engine/tune/workers.h). Pure functions; any thread.

#include <string>

#include "engine/compile/compile.h"
#include "engine/device/program.h"

namespace vireo::compile {

/// What the choice for a problem is kept under.
[[nodiscard]] std::string workers_key(const std::string& problem);
/// How many of the workers share a step's tiles; 0: all.
[[nodiscard]] int chosen_workers(const CompileOptions& options, const std::string& problem);

/// Gives each stage as many workers as the step of its that wants most.
void share_stages(device::Segment& program);

}  // namespace vireo::compile
