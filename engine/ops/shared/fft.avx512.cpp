#include "engine/simd/avx512.h"

#include "engine/ops/shared/fft_body.h"

namespace vireo::ops {

FftKernel fft_kernel_avx512() { return {simd::avx512::V::kWidth, fft_run<simd::avx512::V>}; }

}  // namespace vireo::ops
