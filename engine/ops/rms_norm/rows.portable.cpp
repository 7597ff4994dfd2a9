#include "engine/simd/portable.h"

#include "engine/ops/rms_norm/body.h"

namespace vireo::ops {

RmsNormKernels rms_norm_kernels_portable() { return rms_norm_kernels_for<simd::portable::V>(); }

}  // namespace vireo::ops
