#include "engine/simd/avx2.h"

#include "engine/ops/attention/rows_body.h"

namespace vireo::ops {

AttentionRows attention_rows_avx2() { return attention_rows_for<simd::avx2::V>(); }

}  // namespace vireo::ops
