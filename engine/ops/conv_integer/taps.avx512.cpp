#include "engine/simd/avx512.h"

#include "engine/ops/conv_integer/taps_body.h"

namespace vireo::ops {

TapKernels integer_taps_avx512() { return {&integer_taps<simd::avx512::V>, &integer_fill<simd::avx512::V>}; }

}  // namespace vireo::ops
