#include "engine/simd/portable.h"

#include "engine/ops/unary/body.h"

namespace vireo::ops {

graph::TileFunction unary_tile_portable(int function, bool tanh_gelu) {
  return unary_tile_for<simd::portable::V>(static_cast<UnaryFunction>(function), tanh_gelu);
}

}  // namespace vireo::ops
