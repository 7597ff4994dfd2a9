#include "engine/simd/avx2.h"

#include "engine/ops/pool/body.h"

namespace vireo::ops {

PoolKernels pool_kernels_avx2() { return pool_kernels_for<simd::avx2::V>(); }

}  // namespace vireo::ops
