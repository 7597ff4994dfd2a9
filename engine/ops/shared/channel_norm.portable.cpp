#include "engine/simd/portable.h"

#include "engine/ops/shared/channel_norm_body.h"

namespace vireo::ops {

ChannelNormKernels channel_norm_kernels_portable() { return channel_norm_kernels_for<simd::portable::V>(); }

}  // namespace vireo::ops
