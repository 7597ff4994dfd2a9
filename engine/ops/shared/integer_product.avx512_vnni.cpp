// Four bytes a lane, products and sums in one instruction; 24 of 32 registers are sums.
#include "engine/simd/words_avx512_vnni.h"

#include "engine/ops/shared/integer_product_body.h"

namespace vireo::ops {

const IntegerKernels& integer_kernels_avx512_vnni() { return kIntegerKernels<simd::avx512_vnni::Words, 12, 2>; }

}  // namespace vireo::ops
