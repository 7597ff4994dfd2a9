#pragma once
// Whether this machine has the arithmetic that a build asks for.

#include "engine/api/builder.h"

namespace vireo::tune {

/// Throws Error where the precision that is asked for can't be had; warns where float32 stands in for it.
void check_precision(const BuildOptions& options);

}  // namespace vireo::tune
