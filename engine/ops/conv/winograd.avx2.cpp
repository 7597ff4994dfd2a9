#include "engine/ops/conv/winograd_body.h"
#include "engine/simd/avx2.h"

namespace vireo::ops {
WinogradKernels winograd_kernels_avx2() { return {winograd_input<simd::avx2::V>, winograd_output<simd::avx2::V>}; }
}  // namespace vireo::ops
