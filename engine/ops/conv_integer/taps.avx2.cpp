#include "engine/simd/avx2.h"

#include "engine/ops/conv_integer/taps_body.h"

namespace vireo::ops {

TapKernels integer_taps_avx2() { return {&integer_taps<simd::avx2::V>, &integer_fill<simd::avx2::V>}; }

}  // namespace vireo::ops
