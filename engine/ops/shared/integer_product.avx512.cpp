// Pairs of 16 bits on 32 registers, 24 of them sums.
#include "engine/simd/words_avx512.h"

#include "engine/ops/shared/integer_product_body.h"

namespace vireo::ops {

const IntegerKernels& integer_kernels_avx512() { return kIntegerKernels<simd::avx512::Words, 12, 2>; }

}  // namespace vireo::ops
