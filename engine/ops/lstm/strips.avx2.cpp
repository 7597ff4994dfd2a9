#include "engine/simd/avx2.h"

#include "engine/ops/lstm/body.h"

namespace vireo::ops {

LstmKernels lstm_kernels_avx2() { return lstm_kernels_for<simd::avx2::V>(); }

}  // namespace vireo::ops
