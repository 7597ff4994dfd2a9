#include "engine/simd/avx2.h"

#include "engine/ops/conv_integer/taps_body.h"

namespace vireo::ops {

IntegerTaps integer_taps_avx2() { return &integer_taps<simd::avx2::V>; }

}  // namespace vireo::ops
