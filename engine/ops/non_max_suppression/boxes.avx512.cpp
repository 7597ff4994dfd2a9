#include "engine/simd/avx512.h"

#include "engine/ops/non_max_suppression/body.h"

namespace vireo::ops {

SuppressionKernels suppression_kernels_avx512() { return suppression_kernels_for<simd::avx512::V>(); }

}  // namespace vireo::ops
