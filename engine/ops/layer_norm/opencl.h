#pragma once
// layer_norm on OpenCL devices, for kernels.cpp.

#include "engine/ops/shared/opencl_normalize.h"

namespace vireo::ops {

[[nodiscard]] OpenclNorm layer_norm_opencl(const Problem& problem);
[[nodiscard]] std::string refuse_layer_norm_opencl(const Problem& problem);

}  // namespace vireo::ops
