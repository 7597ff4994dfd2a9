#include "engine/simd/avx512.h"

#include "engine/ops/rms_norm/body.h"

namespace vireo::ops {

RmsNormKernels rms_norm_kernels_avx512() { return rms_norm_kernels_for<simd::avx512::V>(); }

}  // namespace vireo::ops
