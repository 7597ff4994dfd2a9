#pragma once
// A matrix into panels (panels.h) while a network runs, or once where its values are known. For gemm, matmul,
// attention and convolutions. Pure functions; any thread.

#include <cstdint>

#include "engine/ops/shared/panels.h"

namespace vireo::ops {

/// `depth` rows as wide as the set's columns, `pitch` floats apart; transposed: as many rows as the set has columns,
/// each `depth` long.
struct MatrixB {
  const float* data = nullptr;
  std::int64_t pitch = 0, depth = 0;
  bool transposed = false;
  float factor = 1;  ///< on all values
};

/// One panel of a set of one group and one tap, into its place in `packed`.
void pack_panel(const PanelSet& set, const Panel& panel, const MatrixB& b, float* packed) noexcept;
/// to[k * step + j] = factor * from[j * pitch + k] for 4 x 4 blocks at a time.
void pack_transposed(float* to, std::int64_t step, const float* from, std::int64_t pitch, std::int64_t depth,
                     std::int64_t columns, float factor) noexcept;

/// Weights of a convolution, for each column `channels` x `taps` one after the other: row tap * channels + channel of
/// `to` gets them of all columns. Rows are `step` floats apart.
void pack_taps(float* to, std::int64_t step, const float* from, std::int64_t channels, std::int64_t taps,
               std::int64_t columns) noexcept;

}  // namespace vireo::ops
