#include "engine/simd/avx512.h"

#include "engine/ops/layer_norm/body.h"

namespace vireo::ops {

LayerNormKernels layer_norm_kernels_avx512() { return layer_norm_kernels_for<simd::avx512::V>(); }

}  // namespace vireo::ops
