#include "engine/simd/avx512.h"

#include "engine/ops/rotary_embedding/body.h"

namespace vireo::ops {

RotaryRows rotary_rows_avx512() { return rotary_rows_for<simd::avx512::V>(); }

}  // namespace vireo::ops
