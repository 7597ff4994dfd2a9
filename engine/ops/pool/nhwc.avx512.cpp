#include "engine/simd/avx512.h"

#include "engine/ops/pool/body.h"

namespace vireo::ops {

PoolKernels pool_kernels_avx512() { return pool_kernels_for<simd::avx512::V>(); }

}  // namespace vireo::ops
