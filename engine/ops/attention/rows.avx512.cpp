#include "engine/simd/avx512.h"

#include "engine/ops/attention/rows_body.h"

namespace vireo::ops {

AttentionRows attention_rows_avx512() { return attention_rows_for<simd::avx512::V>(); }

}  // namespace vireo::ops
