#pragma once
// The row kernels of unary on float32, one for each function and instruction set. y may be x. Light: kernel bodies
// include it.

#include <cstdint>
#include <string>

#include "engine/graph/tactic.h"
#include "engine/ops/shared/loop.h"

namespace vireo::ops {

struct UnaryState {
  Loop loop;  ///< x, y
  float a = 0, b = 0;
};

/// Null for functions without a vector form. `function` is a UnaryFunction, `tanh_gelu` its variant.
[[nodiscard]] graph::TileFunction unary_tile_avx2(int function, bool tanh_gelu);
[[nodiscard]] graph::TileFunction unary_tile_portable(int function, bool tanh_gelu);
[[nodiscard]] graph::TileFunction unary_tile_avx512(int function, bool tanh_gelu);

[[nodiscard]] std::string refuse_unary_opencl(const graph::Problem& problem);
[[nodiscard]] graph::Launch prepare_unary_opencl(const graph::Problem& problem);

}  // namespace vireo::ops
