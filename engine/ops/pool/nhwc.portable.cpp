#include "engine/simd/portable.h"

#include "engine/ops/pool/body.h"

namespace vireo::ops {

PoolKernels pool_kernels_portable() { return pool_kernels_for<simd::portable::V>(); }

}  // namespace vireo::ops
