#include "engine/simd/avx512.h"

#include "engine/ops/deform_conv/sample_body.h"

namespace vireo::ops {

SampleRun deform_sample_avx512() { return deform_sample<simd::avx512::V>; }

}  // namespace vireo::ops
