#include "engine/ops/conv/winograd_body.h"
#include "engine/simd/avx2.h"

namespace vireo::ops {
WinogradKernels winograd_kernels_avx2(int out) { return winograd_kernels<simd::avx2::V>(out); }
}  // namespace vireo::ops
