#include "engine/simd/portable.h"

#include "engine/ops/image_input/body.h"

namespace vireo::ops {

ImageRowKernels image_rows_portable() { return image_rows_for<simd::portable::V>(); }

}  // namespace vireo::ops
