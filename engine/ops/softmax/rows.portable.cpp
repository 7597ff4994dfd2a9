#include "engine/simd/portable.h"

#include "engine/ops/softmax/body.h"

namespace vireo::ops {

SoftmaxKernels softmax_kernels_portable() { return softmax_kernels_for<simd::portable::V>(); }

}  // namespace vireo::ops
