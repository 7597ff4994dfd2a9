#include "engine/simd/avx512.h"

#include "engine/ops/binary/body.h"

namespace vireo::ops {

graph::TileFunction binary_tile_avx512(int function) {
  return binary_tile_for<simd::avx512::V>(static_cast<BinaryFunction>(function));
}

}  // namespace vireo::ops
