#include "engine/simd/avx512.h"

#include "engine/ops/resize/body.h"

namespace vireo::ops {

ResizeKernels resize_kernels_avx512() { return resize_kernels_for<simd::avx512::V>(); }

}  // namespace vireo::ops
