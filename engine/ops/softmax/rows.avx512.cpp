#include "engine/simd/avx512.h"

#include "engine/ops/softmax/body.h"

namespace vireo::ops {

SoftmaxKernels softmax_kernels_avx512() { return softmax_kernels_for<simd::avx512::V>(); }

}  // namespace vireo::ops
