#include "engine/ops/conv/depthwise_body.h"
#include "engine/simd/avx512.h"

namespace vireo::ops {
DepthwiseKernels depthwise_kernels_avx512(std::int64_t kernel_width, std::int64_t stride, std::int64_t dilation) {
  return pick_depthwise<simd::avx512::V, 8, 8>(kernel_width, stride, dilation);
}
}  // namespace vireo::ops
