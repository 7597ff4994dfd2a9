#pragma once
// What quantize_linear and dequantize_linear share on OpenCL devices: the place of each element's scale and zero point
// as strides. Used when a launch is prepared; any thread.

#include "engine/ops/shared/opencl_rows.h"

namespace vireo::ops {

/// Rows of input 0, the scales (dense, and zero points beside them) and output 0. False, saying why, for blocks that
/// don't divide their axis, scales of another shape or lying apart, and too many axes.
[[nodiscard]] bool plan_quantization(const Problem& problem, OpenclRows& rows, std::string& why);
/// The launch of both: `path` and `entry` of the kernel, with FROM, SCALE, ZERO (where there is one) and TO.
[[nodiscard]] Launch prepare_quantization(const Problem& problem, std::string_view path, std::string_view entry);

}  // namespace vireo::ops
