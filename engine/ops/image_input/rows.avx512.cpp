#include "engine/simd/avx512.h"

#include "engine/ops/image_input/body.h"

namespace vireo::ops {

ImageRowKernels image_rows_avx512() { return image_rows_for<simd::avx512::V>(); }

}  // namespace vireo::ops
