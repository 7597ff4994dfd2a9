#pragma once
// The row kernels of binary on float32, one for each function and instruction set. z may be x (not y). Light: kernel
// bodies include it.

#include <string>

#include "engine/graph/tactic.h"
#include "engine/ops/shared/loop.h"

namespace vireo::ops {

struct BinaryState {
  Loop loop;  ///< x, y, z; along the row x and y have stride 1 or 0
};

/// Null for functions without a vector form. `function` is a BinaryFunction.
[[nodiscard]] graph::TileFunction binary_tile_avx2(int function);
[[nodiscard]] graph::TileFunction binary_tile_avx512(int function);
[[nodiscard]] graph::TileFunction binary_tile_portable(int function);

[[nodiscard]] std::string refuse_binary_opencl(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_binary_opencl(const graph::Problem& problem);

}  // namespace vireo::ops
