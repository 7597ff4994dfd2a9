#include "engine/simd/avx512.h"

#include "engine/ops/shared/channel_norm_body.h"

namespace vireo::ops {

ChannelNormKernels channel_norm_kernels_avx512() { return channel_norm_kernels_for<simd::avx512::V>(); }

}  // namespace vireo::ops
