#include "engine/simd/avx512.h"

#include "engine/ops/shared/blend_body.h"

namespace vireo::ops {

BlendRun blend_avx512() { return blend<simd::avx512::V>; }

}  // namespace vireo::ops
