#include "engine/simd/avx2.h"

#include "engine/ops/non_max_suppression/body.h"

namespace vireo::ops {

SuppressionKernels suppression_kernels_avx2() { return suppression_kernels_for<simd::avx2::V>(); }

}  // namespace vireo::ops
