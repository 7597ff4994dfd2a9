#include "engine/simd/portable.h"

#include "engine/ops/conv_integer/taps_body.h"

namespace vireo::ops {

TapKernels integer_taps_portable() { return {&integer_taps<simd::portable::V>, &integer_fill<simd::portable::V>}; }

}  // namespace vireo::ops
