#include "engine/simd/avx2.h"

#include "engine/ops/binary/body.h"

namespace vireo::ops {

graph::TileFunction binary_tile_avx2(int function) {
  return binary_tile_for<simd::avx2::V>(static_cast<BinaryFunction>(function));
}

}  // namespace vireo::ops
