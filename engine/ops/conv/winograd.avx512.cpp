#include "engine/ops/conv/winograd_body.h"
#include "engine/simd/avx512.h"

namespace vireo::ops {
WinogradKernels winograd_kernels_avx512() { return {winograd_input<simd::avx512::V>, winograd_output<simd::avx512::V>}; }
}  // namespace vireo::ops
