#pragma once
// arg_reduce on OpenCL devices, for kernels.cpp.

#include "engine/ops/shared/opencl_lines.h"

namespace vireo::ops {

[[nodiscard]] std::string refuse_arg_reduce_opencl(const Problem& problem);
template <LineForm kForm>
[[nodiscard]] Launch prepare_arg_reduce_opencl(const Problem& problem);
template <LineForm kForm>
[[nodiscard]] double predict_arg_reduce_opencl(const Problem& problem);

}  // namespace vireo::ops
