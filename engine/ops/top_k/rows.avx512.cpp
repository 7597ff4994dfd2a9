#include "engine/simd/avx512.h"

#include "engine/ops/top_k/body.h"

namespace vireo::ops {

TopKCollect top_k_collect_avx512() { return &collect<simd::avx512::V>; }

}  // namespace vireo::ops
