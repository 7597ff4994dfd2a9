#include "engine/simd/avx2.h"

#include "engine/ops/image_input/body.h"

namespace vireo::ops {

ImageRowKernels image_rows_avx2() { return image_rows_for<simd::avx2::V>(); }

}  // namespace vireo::ops
