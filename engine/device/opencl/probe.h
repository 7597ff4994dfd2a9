#pragma once
// What a device says about itself, and what small kernels find out. For this folder alone.

#include <string>

#include "engine/device/opencl/api.h"
#include "engine/device/target.h"

namespace vireo::device::opencl {

/// Names, sizes and the features that it lists, without compiling anything.
[[nodiscard]] Target describe(std::string name, cl_platform_id platform, cl_device_id device);
/// Why engines can't run there; empty: they can.
[[nodiscard]] std::string why_not(cl_device_id device);
/// Compiles and runs small kernels, and puts what works into the target's facts and features.
void probe(cl_context context, cl_device_id device, Target& target);

}  // namespace vireo::device::opencl
