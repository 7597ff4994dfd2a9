#include "engine/simd/portable.h"

#include "engine/ops/shared/fft_body.h"

namespace vireo::ops {

FftKernel fft_kernel_portable() { return {simd::portable::V::kWidth, fft_run<simd::portable::V>}; }

}  // namespace vireo::ops
