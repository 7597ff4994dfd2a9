#include "engine/simd/avx2.h"

#include "engine/ops/deform_conv/sample_body.h"

namespace vireo::ops {

SampleRun deform_sample_avx2() { return deform_sample<simd::avx2::V>; }

}  // namespace vireo::ops
