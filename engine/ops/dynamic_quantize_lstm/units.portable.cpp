#include "engine/simd/portable.h"

#include "engine/ops/dynamic_quantize_lstm/units_body.h"

namespace vireo::ops {

LstmUnits lstm_units_portable() { return &lstm_units<simd::portable::V>; }

}  // namespace vireo::ops
