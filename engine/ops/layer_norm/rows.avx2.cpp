#include "engine/simd/avx2.h"

#include "engine/ops/layer_norm/body.h"

namespace vireo::ops {

LayerNormKernels layer_norm_kernels_avx2() { return layer_norm_kernels_for<simd::avx2::V>(); }

}  // namespace vireo::ops
