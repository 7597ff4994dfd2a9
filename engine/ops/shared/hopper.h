#pragma once
// Products and convolutions of float16 on Hopper's tensor cores (shared/opencl/wgmma.cl): the tiles there are, and the
// launch of one. conv, gemm and matmul describe themselves as a product [m, k] x [k, n]. Any thread.

#include <optional>
#include <span>
#include <string>

#include "engine/ops/shared/opencl.h"

namespace vireo::ops {

/// Rows and columns of a tile, slots of the ring, warpgroups, buffers of output: what fits into 226 KB and 128 (three
/// warpgroups), 168 (two) or 255 registers. `split`: parts of the depth, for products of few tiles. `kept`: the columns
/// of the second operand stay in local memory, for products of little depth; slots and buffers follow from that.
/// `turns`: each of two warpgroups has tiles of its own, so that one multiplies while the other writes.
struct HopperTile {
  int rows = 0, columns = 0, slots = 0, groups = 0, buffers = 0;
  int split = 1;
  bool kept = false;
  bool turns = false;
};
inline constexpr HopperTile kHopperTiles[] = {{128, 256, 3, 2, 1},
                                              {256, 128, 3, 2, 1},
                                              {128, 128, 4, 2, 2},
                                              {256, 64, 4, 2, 1},
                                              {128, 64, 6, 2, 2},
                                              {64, 128, 5, 1, 2},
                                              {64, 64, 8, 1, 2},
                                              {64, 64, 8, 1, 2, 2},
                                              {64, 64, 8, 1, 2, 4},
                                              {64, 64, 8, 1, 2, 8},
                                              {64, 128, 5, 1, 2, 2},
                                              {64, 128, 5, 1, 2, 4},
                                              {128, 256, 0, 2, 0, 1, true},
                                              {128, 128, 0, 2, 0, 1, true},
                                              {64, 256, 0, 1, 0, 1, true},
                                              {256, 64, 0, 2, 0, 1, true},
                                              {192, 128, 4, 3, 1},
                                              {128, 128, 5, 2, 2, 1, false, true},
                                              {64, 128, 8, 2, 2, 1, false, true},
                                              {128, 64, 8, 2, 2, 1, false, true}};

/// The tensor whose rows are multiplied.
struct HopperSource {
  device::TensorMap map;    ///< its box and number of pixels are set by the tile
  std::int64_t chunks = 1;  ///< slices of 64 in the channels of a pixel; the whole depth where there is no window
  std::int64_t taps = 1;    ///< of the window
  std::int32_t window[8] = {1, 1, 1, 1, 0, 0, 1, 1};  ///< as the kernel's `window`

  [[nodiscard]] std::int64_t depth() const { return chunks * taps; }
};

struct HopperProduct {
  std::int64_t m = 0, n = 0;
  HopperSource a;
  std::optional<HopperSource> b;  ///< its rows follow those of `a` in the depth
  device::OpenclState w;          ///< n rows of taps x chunks x 64 halfs; those of `b` behind those of `a`
  device::OpenclState bias;       ///< floats, as many as n rounded up to 256
  std::int64_t y_pitch = 0;
  int residual = 0;  ///< 0 none, 1 before, 2 after the activation
  int residual_input = -1;
  std::int64_t residual_width = 0, residual_pitch = 0;
  ActivationSpec activation;
  std::int32_t out_width = 1, out_height = 1;
  std::size_t workspace = 0;  ///< bytes at its beginning that are somebody else's

  [[nodiscard]] std::int64_t depth() const { return a.depth() + (b ? b->depth() : 0); }
};

/// Why the target or a tensor of the problem can't: no such cores, types, pitches and places that are no multiples of
/// 16 bytes. Tensors listed in `tensors` by input number, -1 for the output.
[[nodiscard]] std::string refuse_hopper(const Problem& problem, std::initializer_list<int> tensors);
[[nodiscard]] Launch hopper_launch(const Problem& problem, const HopperProduct& product, const HopperTile& tile);
/// Why a tile that splits the depth or keeps columns is none for this product; empty for others.
[[nodiscard]] std::string refuse_split(const Problem& problem, std::int64_t m, std::int64_t n, std::int64_t depth,
                                       const HopperTile& tile);
/// Rough: waves of tiles at the rate of cores or local memory, and what a tile costs besides.
[[nodiscard]] double hopper_seconds(const Problem& problem, std::int64_t m, std::int64_t n, std::int64_t depth,
                                    const HopperTile& tile);
/// The bias, float16 or float32, as floats, zero where there is none, as many as n rounded up to 256.
[[nodiscard]] device::OpenclState hopper_bias(const Problem& problem, int input, std::int64_t n);

}  // namespace vireo::ops
