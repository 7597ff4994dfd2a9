#include "engine/ops/conv/depthwise_body.h"
#include "engine/simd/portable.h"

namespace vireo::ops {
DepthwiseKernels depthwise_kernels_portable(std::int64_t kernel_width, std::int64_t stride, std::int64_t dilation) {
  return pick_depthwise<simd::portable::V, 6, 6>(kernel_width, stride, dilation);
}
}  // namespace vireo::ops
