#include "engine/simd/avx512.h"

#include "engine/ops/dynamic_quantize_lstm/units_body.h"

namespace vireo::ops {

LstmUnits lstm_units_avx512() { return &lstm_units<simd::avx512::V>; }

}  // namespace vireo::ops
