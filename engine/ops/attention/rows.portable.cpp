#include "engine/simd/portable.h"

#include "engine/ops/attention/rows_body.h"

namespace vireo::ops {

AttentionRows attention_rows_portable() { return attention_rows_for<simd::portable::V>(); }

}  // namespace vireo::ops
