#include "engine/simd/avx2.h"

#include "engine/ops/rotary_embedding/body.h"

namespace vireo::ops {

RotaryRows rotary_rows_avx2() { return rotary_rows_for<simd::avx2::V>(); }

}  // namespace vireo::ops
