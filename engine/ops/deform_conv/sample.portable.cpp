#include "engine/simd/portable.h"

#include "engine/ops/deform_conv/sample_body.h"

namespace vireo::ops {

SampleRun deform_sample_portable() { return deform_sample<simd::portable::V>; }

}  // namespace vireo::ops
