#include "engine/ops/grid_sample/sample_body.h"
#include "engine/simd/avx2.h"

namespace vireo::ops {
SampleKernel sample_kernel_avx2() { return {simd::avx2::V::kWidth, sample<simd::avx2::V>}; }
}  // namespace vireo::ops
