#include "engine/ops/grid_sample/sample_body.h"
#include "engine/simd/portable.h"

namespace vireo::ops {
SampleKernel sample_kernel_portable() { return {simd::portable::V::kWidth, sample<simd::portable::V>}; }
}  // namespace vireo::ops
