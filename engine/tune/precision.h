#pragma once
// Whether this machine has the arithmetic that a build asks for.

#include "engine/api/builder.h"
#include "engine/device/target.h"

namespace vireo::tune {

/// Throws Error where the precision that is asked for can't be had; warns where float32 stands in for it.
void check_precision(const BuildOptions& options);
/// What a section for this device gets where that is asked for: float32 where the device hasn't got it.
[[nodiscard]] Precision precision_on(const device::Target& target, Precision asked);

}  // namespace vireo::tune
