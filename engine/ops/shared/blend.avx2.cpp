#include "engine/simd/avx2.h"

#include "engine/ops/shared/blend_body.h"

namespace vireo::ops {

BlendRun blend_avx2() { return blend<simd::avx2::V>; }

}  // namespace vireo::ops
