#pragma once
// conv on NVIDIA's tensor cores without Hopper's instructions, a tactic for each tile (ops/shared/mma_product.h). Any
// thread.

#include "engine/ops/shared/mma_product.h"

namespace vireo::ops {

[[nodiscard]] std::string refuse_conv_mma(const graph::Problem& problem, const MmaTile& tile);
[[nodiscard]] graph::Launch prepare_conv_mma(const graph::Problem& problem, const MmaTile& tile);
[[nodiscard]] double predict_conv_mma(const graph::Problem& problem, const MmaTile& tile);

template <std::size_t kTile>
struct ConvMma {
  static_assert(kTile < kMmaTileCount);
  static std::string refuse(const graph::Problem& p) { return refuse_conv_mma(p, kMmaTiles[kTile]); }
  static graph::Launch prepare(const graph::Problem& p) { return prepare_conv_mma(p, kMmaTiles[kTile]); }
  static double predict(const graph::Problem& p) { return predict_conv_mma(p, kMmaTiles[kTile]); }
};

}  // namespace vireo::ops
