#include "engine/simd/avx512.h"

#include "engine/ops/unary/body.h"

namespace vireo::ops {

graph::TileFunction unary_tile_avx512(int function, bool tanh_gelu) {
  return unary_tile_for<simd::avx512::V>(static_cast<UnaryFunction>(function), tanh_gelu);
}

}  // namespace vireo::ops
