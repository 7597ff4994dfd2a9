#include "engine/ops/conv/winograd_body.h"
#include "engine/simd/avx512.h"

namespace vireo::ops {
WinogradKernels winograd_kernels_avx512(int out) { return winograd_kernels<simd::avx512::V>(out); }
}  // namespace vireo::ops
