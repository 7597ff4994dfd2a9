#include "engine/ops/conv/winograd_body.h"
#include "engine/simd/portable.h"

namespace vireo::ops {
WinogradKernels winograd_kernels_portable() { return {winograd_input<simd::portable::V>, winograd_output<simd::portable::V>}; }
}  // namespace vireo::ops
