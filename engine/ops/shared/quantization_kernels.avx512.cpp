#include "engine/simd/avx512.h"

#include "engine/ops/shared/quantization_body.h"

namespace vireo::ops {

const QuantizationKernels& quantization_kernels_avx512() { return kQuantizationKernels<simd::avx512::V>; }

}  // namespace vireo::ops
