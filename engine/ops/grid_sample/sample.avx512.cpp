#include "engine/ops/grid_sample/sample_body.h"
#include "engine/simd/avx512.h"

namespace vireo::ops {
SampleKernel sample_kernel_avx512() { return {simd::avx512::V::kWidth, sample<simd::avx512::V>}; }
}  // namespace vireo::ops
