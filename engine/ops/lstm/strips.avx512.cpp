#include "engine/simd/avx512.h"

#include "engine/ops/lstm/body.h"

namespace vireo::ops {

LstmKernels lstm_kernels_avx512() { return lstm_kernels_for<simd::avx512::V>(); }

}  // namespace vireo::ops
