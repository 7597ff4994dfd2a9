#include "engine/simd/portable.h"

#include "engine/ops/shared/blend_body.h"

namespace vireo::ops {

BlendRun blend_portable() { return blend<simd::portable::V>; }

}  // namespace vireo::ops
