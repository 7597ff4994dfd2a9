#include "engine/simd/avx2.h"

#include "engine/ops/shared/quantization_body.h"

namespace vireo::ops {

const QuantizationKernels& quantization_kernels_avx2() { return kQuantizationKernels<simd::avx2::V>; }

}  // namespace vireo::ops
