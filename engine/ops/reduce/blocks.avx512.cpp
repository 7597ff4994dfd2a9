#include "engine/simd/avx512.h"

#include "engine/ops/reduce/body.h"

namespace vireo::ops {

ReduceKernels reduce_kernels_avx512(int mode) { return reduce_kernels_for<simd::avx512::V>(mode); }

}  // namespace vireo::ops
