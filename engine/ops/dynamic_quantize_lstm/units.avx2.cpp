#include "engine/simd/avx2.h"

#include "engine/ops/dynamic_quantize_lstm/units_body.h"

namespace vireo::ops {

LstmUnits lstm_units_avx2() { return &lstm_units<simd::avx2::V>; }

}  // namespace vireo::ops
