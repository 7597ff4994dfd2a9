#include "engine/simd/avx2.h"

#include "engine/ops/resize/body.h"

namespace vireo::ops {

ResizeKernels resize_kernels_avx2() { return resize_kernels_for<simd::avx2::V>(); }

}  // namespace vireo::ops
