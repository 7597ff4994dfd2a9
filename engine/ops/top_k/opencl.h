#pragma once
// top_k on OpenCL devices, for kernels.cpp.

#include "engine/ops/shared/opencl.h"

namespace vireo::ops {

[[nodiscard]] std::string refuse_top_k_opencl(const Problem& problem);
[[nodiscard]] Launch prepare_top_k_opencl(const Problem& problem);

}  // namespace vireo::ops
