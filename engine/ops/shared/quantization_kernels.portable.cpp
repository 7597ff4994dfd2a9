#include "engine/simd/portable.h"

#include "engine/ops/shared/quantization_body.h"

namespace vireo::ops {

const QuantizationKernels& quantization_kernels_portable() { return kQuantizationKernels<simd::portable::V>; }

}  // namespace vireo::ops
