#pragma once
// matmul on OpenCL devices, for kernels.cpp.

#include "engine/ops/shared/opencl_product.h"

namespace vireo::ops {

[[nodiscard]] OpenclProduct matmul_opencl(const Problem& problem);

}  // namespace vireo::ops
