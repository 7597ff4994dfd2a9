#pragma once
// Products and convolutions of small batches as parts of plan kernels (shared/opencl/slab.cl): the tiles there are, and
// the launch of one. conv, gemm and matmul describe themselves as a window over a picture of float16 pixels; a matrix
// is a picture of one row. Any thread.

#include <functional>
#include <string>
#include <string_view>

#include "engine/graph/tactic.h"
#include "engine/ops/shared/opencl.h"

namespace vireo::ops {

struct SlabTile {
  int rows = 64, columns = 32;
  int split = 1;   ///< parts of the depth
  int halves = 0;  ///< how two warpgroups share it: the depth, the columns, the rows
};
inline constexpr SlabTile kSlabTiles[] = {{64, 32, 1, 0},  {64, 32, 2, 0},  {64, 32, 4, 0},
                                          {64, 32, 8, 0},  {64, 64, 1, 0},  {64, 128, 1, 1},
                                          {128, 32, 1, 2}, {128, 64, 1, 2}, {256, 32, 1, 2}};
inline constexpr std::size_t kSlabTileCount = sizeof(kSlabTiles) / sizeof(kSlabTiles[0]);

struct SlabAxis {
  std::int64_t in = 1, out = 1, taps = 1, stride = 1, dilation = 1, pad = 0;
};

struct SlabProduct {
  std::int64_t images = 1, channels = 0, columns = 0;  ///< of the input's and the output's pixels
  SlabAxis y, x;
  std::int64_t x_pitch = 0, y_pitch = 0;  ///< elements between pixels
  int residual = 0;                       ///< 0 none, 1 before, 2 after the activation
  int residual_input = -1;
  std::int64_t residual_pitch = 0;
  ActivationSpec activation;
};

/// Weight of output column `column`, tap `tap` (row by row) and channel, as bits of a float16.
using SlabWeights = std::function<std::uint16_t(std::int64_t column, std::int64_t tap, std::int64_t channel)>;

/// Why the target, a tensor or the sizes can't. Tensors listed by input number, -1 for the output.
[[nodiscard]] std::string refuse_slab(const Problem& problem, const SlabProduct& product, const SlabTile& tile,
                                      std::initializer_list<int> tensors);
/// `layout` names what the weights are made by, for those who have packed the same before; bias: input number, or -1.
[[nodiscard]] Launch slab_launch(const Problem& problem, const SlabProduct& product, const SlabTile& tile,
                                 std::string_view layout, int bias, const SlabWeights& weights);
/// Rough, without the meeting before it.
[[nodiscard]] double slab_seconds(const Problem& problem, const SlabProduct& product, const SlabTile& tile);

}  // namespace vireo::ops
