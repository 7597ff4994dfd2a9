#include "engine/simd/portable.h"

#include "engine/ops/reduce/body.h"

namespace vireo::ops {

ReduceKernels reduce_kernels_portable(int mode) { return reduce_kernels_for<simd::portable::V>(mode); }

}  // namespace vireo::ops
