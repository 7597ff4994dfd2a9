#include "engine/simd/portable.h"

#include "engine/ops/top_k/body.h"

namespace vireo::ops {

TopKCollect top_k_collect_portable() { return &collect<simd::portable::V>; }

}  // namespace vireo::ops
