#include "engine/simd/portable.h"

#include "engine/ops/binary/body.h"

namespace vireo::ops {

graph::TileFunction binary_tile_portable(int function) {
  return binary_tile_for<simd::portable::V>(static_cast<BinaryFunction>(function));
}

}  // namespace vireo::ops
