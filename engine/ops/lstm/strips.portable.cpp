#include "engine/simd/portable.h"

#include "engine/ops/lstm/body.h"

namespace vireo::ops {

LstmKernels lstm_kernels_portable() { return lstm_kernels_for<simd::portable::V>(); }

}  // namespace vireo::ops
