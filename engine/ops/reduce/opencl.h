#pragma once
// reduce on OpenCL devices, for kernels.cpp.

#include "engine/ops/shared/opencl_lines.h"

namespace vireo::ops {

[[nodiscard]] std::string refuse_reduce_opencl(const Problem& problem);
template <LineForm kForm>
[[nodiscard]] Launch prepare_reduce_opencl(const Problem& problem);
template <LineForm kForm>
[[nodiscard]] double predict_reduce_opencl(const Problem& problem);

}  // namespace vireo::ops
