#include "engine/simd/avx2.h"

#include "engine/ops/unary/body.h"

namespace vireo::ops {

graph::TileFunction unary_tile_avx2(int function, bool tanh_gelu) {
  return unary_tile_for<simd::avx2::V>(static_cast<UnaryFunction>(function), tanh_gelu);
}

}  // namespace vireo::ops
