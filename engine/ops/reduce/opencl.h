#pragma once
// reduce on OpenCL devices, for kernels.cpp.

#include "engine/ops/shared/opencl_lines.h"

namespace vireo::ops {

[[nodiscard]] std::string refuse_reduce_opencl(const Problem& problem);
template <LineForm kForm>
[[nodiscard]] Launch prepare_reduce_opencl(const Problem& problem);
template <LineForm kForm>
[[nodiscard]] double predict_reduce_opencl(const Problem& problem);

/// Lines cut into parts that a second launch joins: where there are few and long ones.
[[nodiscard]] std::string refuse_reduce_parts(const Problem& problem);
[[nodiscard]] Launch prepare_reduce_parts(const Problem& problem);
[[nodiscard]] double predict_reduce_parts(const Problem& problem);

/// A part of plan kernels.
[[nodiscard]] std::string refuse_reduce_part(const Problem& problem);
[[nodiscard]] Launch prepare_reduce_part(const Problem& problem);
[[nodiscard]] double predict_reduce_part(const Problem& problem);

}  // namespace vireo::ops
