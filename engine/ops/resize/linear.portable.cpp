#include "engine/simd/portable.h"

#include "engine/ops/resize/body.h"

namespace vireo::ops {

ResizeKernels resize_kernels_portable() { return resize_kernels_for<simd::portable::V>(); }

}  // namespace vireo::ops
