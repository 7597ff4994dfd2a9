#include "engine/ops/conv/winograd_body.h"
#include "engine/simd/portable.h"

namespace vireo::ops {
WinogradKernels winograd_kernels_portable(int out) { return winograd_kernels<simd::portable::V>(out); }
}  // namespace vireo::ops
