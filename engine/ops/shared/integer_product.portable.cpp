// Pairs of 16 bits, without intrinsics.
#include "engine/simd/words.h"

#include "engine/ops/shared/integer_product_body.h"

namespace vireo::ops {

const IntegerKernels& integer_kernels_portable() { return kIntegerKernels<simd::portable::Words, 4, 1>; }

}  // namespace vireo::ops
