#include "engine/simd/avx2.h"

#include "engine/ops/softmax/body.h"

namespace vireo::ops {

SoftmaxKernels softmax_kernels_avx2() { return softmax_kernels_for<simd::avx2::V>(); }

}  // namespace vireo::ops
