#include "engine/ops/conv/depthwise_body.h"
#include "engine/simd/avx2.h"

namespace vireo::ops {
DepthwiseKernels depthwise_kernels_avx2(std::int64_t kernel_width, std::int64_t stride, std::int64_t dilation) {
  return pick_depthwise<simd::avx2::V, 6, 6>(kernel_width, stride, dilation);
}
}  // namespace vireo::ops
