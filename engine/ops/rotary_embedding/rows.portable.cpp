#include "engine/simd/portable.h"

#include "engine/ops/rotary_embedding/body.h"

namespace vireo::ops {

RotaryRows rotary_rows_portable() { return rotary_rows_for<simd::portable::V>(); }

}  // namespace vireo::ops
