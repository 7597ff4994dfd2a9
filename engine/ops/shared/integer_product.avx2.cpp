// Pairs of 16 bits: vpmaddwd and an addition, 16 products a cycle and unit. Eight sums of 16 registers.
#include "engine/simd/words_avx2.h"

#include "engine/ops/shared/integer_product_body.h"

namespace vireo::ops {

const IntegerKernels& integer_kernels_avx2() { return kIntegerKernels<simd::avx2::Words, 4, 2>; }

}  // namespace vireo::ops
