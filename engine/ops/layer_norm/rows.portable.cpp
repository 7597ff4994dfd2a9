#include "engine/simd/portable.h"

#include "engine/ops/layer_norm/body.h"

namespace vireo::ops {

LayerNormKernels layer_norm_kernels_portable() { return layer_norm_kernels_for<simd::portable::V>(); }

}  // namespace vireo::ops
