#include "engine/simd/avx2.h"

#include "engine/ops/rms_norm/body.h"

namespace vireo::ops {

RmsNormKernels rms_norm_kernels_avx2() { return rms_norm_kernels_for<simd::avx2::V>(); }

}  // namespace vireo::ops
