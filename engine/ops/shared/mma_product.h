#pragma once
// Products and convolutions of float16 on NVIDIA's tensor cores without Hopper's instructions
// (shared/opencl/mma_product.cl): the tiles there are, and the launch of one. conv, gemm and matmul describe themselves
// as a product [m, depth] x [depth, n]. Any thread.

#include <string>

#include "engine/ops/shared/opencl.h"

namespace vireo::ops {

/// Rows and columns of a tile, how its warps share it, the depth of a slice, slots of the ring; `split`: parts of the
/// depth, for products of few tiles.
struct MmaTile {
  int rows = 0, columns = 0, warps_m = 0, warps_n = 0, depth = 32, slots = 3;
  int split = 1;
  [[nodiscard]] constexpr int items() const { return warps_m * warps_n * 32; }
  [[nodiscard]] constexpr int local_bytes() const { return (rows + columns) * depth * 2 * slots; }
};
// 48 KB of local memory are everywhere; what takes more needs less of the second-level cache.
inline constexpr MmaTile kMmaTiles[] = {{256, 128, 4, 2, 32, 4},  {128, 128, 2, 2, 64, 3}, {128, 128, 2, 2, 32, 3},
                                        {256, 64, 4, 1, 32, 4},   {128, 64, 2, 2, 32, 4},  {64, 128, 2, 2, 32, 4},
                                        {64, 64, 2, 2, 64, 3},    {128, 32, 4, 1, 32, 4},  {64, 64, 2, 2, 64, 3, 2},
                                        {64, 64, 2, 2, 64, 3, 4}, {64, 64, 2, 2, 64, 3, 8}};
inline constexpr std::size_t kMmaTileCount = sizeof(kMmaTiles) / sizeof(kMmaTiles[0]);

struct MmaProduct {
  std::int64_t m = 0, n = 0;
  std::int64_t channels = 0;  ///< of a pixel; the whole depth where there is no window
  std::int64_t a_pitch = 0;   ///< elements between pixels
  bool windowed = false;
  std::int64_t width = 1, height = 1, out_width = 1, out_height = 1;  ///< of a picture, where windowed
  std::int64_t window[8] = {1, 1, 1, 1, 0, 0, 1, 1};  ///< width, height; strides, padding, dilations: along x, y

  /// The second operand: [column][depth], rows `w_pitch` elements apart, or (w_rows) [depth][column]. A known one is
  /// packed, each tap's channels rounded up to 8 and a row to 64; else it is input `w_input`.
  bool w_rows = false;
  int w_input = -1;
  device::OpenclState w;
  std::int64_t w_pitch = 0, w_depth = 0;  ///< w_depth: terms that are there in a row (rows, where w_rows)

  device::OpenclState bias;  ///< floats, as many as n rounded up to 256
  float scale = 1;           ///< of the sums
  std::int64_t y_pitch = 0;
  int residual = 0;  ///< 0 none, 1 before, 2 after the activation
  int residual_input = -1;
  std::int64_t residual_width = 0, residual_pitch = 0;
  ActivationSpec activation;
  std::int64_t batches = 1;
  Int8 batch_dims{}, batch_strides[4]{};  ///< of a, w, y, residual

  [[nodiscard]] std::int64_t depth() const { return (channels + 7) / 8 * 8 * window[0] * window[1]; }
};

/// Why the target can't run a tile, or an operand can't be read 16 bytes at a time.
[[nodiscard]] std::string refuse_mma(const Problem& problem, const MmaTile& tile);
[[nodiscard]] std::string refuse_mma_operand(const graph::Desc& operand);
/// Why the product is none for the tile, or too large.
[[nodiscard]] std::string refuse_mma_product(const Problem& problem, const MmaProduct& product, const MmaTile& tile);
[[nodiscard]] Launch mma_launch(const Problem& problem, const MmaProduct& product, const MmaTile& tile);
/// Rough: rounds of tiles at the cores' rate or the memory's, and what a tile costs besides.
[[nodiscard]] double mma_seconds(const Problem& problem, const MmaProduct& product, const MmaTile& tile);

/// The row of an operator's table.
template <typename T>
constexpr graph::Tactic mma_tactic(std::string_view name) {
  return {.name = name, .refuse = T::refuse, .prepare = T::prepare, .device = "opencl", .predict = T::predict};
}

}  // namespace vireo::ops
