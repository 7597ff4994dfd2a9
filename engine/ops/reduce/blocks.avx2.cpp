#include "engine/simd/avx2.h"

#include "engine/ops/reduce/body.h"

namespace vireo::ops {

ReduceKernels reduce_kernels_avx2(int mode) { return reduce_kernels_for<simd::avx2::V>(mode); }

}  // namespace vireo::ops
