#include "engine/simd/avx2.h"

#include "engine/ops/shared/fft_body.h"

namespace vireo::ops {

FftKernel fft_kernel_avx2() { return {simd::avx2::V::kWidth, fft_run<simd::avx2::V>}; }

}  // namespace vireo::ops
