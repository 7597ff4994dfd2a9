#include "engine/simd/portable.h"

#include "engine/ops/non_max_suppression/body.h"

namespace vireo::ops {

SuppressionKernels suppression_kernels_portable() { return suppression_kernels_for<simd::portable::V>(); }

}  // namespace vireo::ops
