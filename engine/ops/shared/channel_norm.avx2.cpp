#include "engine/simd/avx2.h"

#include "engine/ops/shared/channel_norm_body.h"

namespace vireo::ops {

ChannelNormKernels channel_norm_kernels_avx2() { return channel_norm_kernels_for<simd::avx2::V>(); }

}  // namespace vireo::ops
