#pragma once
// softmax on OpenCL devices, for kernels.cpp.

#include "engine/ops/shared/opencl_normalize.h"

namespace vireo::ops {

[[nodiscard]] OpenclNorm softmax_opencl(const Problem& problem);
[[nodiscard]] std::string refuse_softmax_opencl(const Problem& problem);

}  // namespace vireo::ops
