#include "engine/simd/avx2.h"

#include "engine/ops/top_k/body.h"

namespace vireo::ops {

TopKCollect top_k_collect_avx2() { return &collect<simd::avx2::V>; }

}  // namespace vireo::ops
