#pragma once
// gemm and matmul on NVIDIA's tensor cores without Hopper's instructions, for the rows of their tables: second operands
// that are known and those that are not, and batches of products. Any thread.

#include "engine/ops/shared/mma_product.h"
#include "engine/ops/shared/opencl_product.h"

namespace vireo::ops {

[[nodiscard]] std::string refuse_mma_matrix(const Problem& problem, const OpenclProduct& product, const MmaTile& tile);
[[nodiscard]] Launch prepare_mma_matrix(const Problem& problem, const OpenclProduct& product, const MmaTile& tile);
[[nodiscard]] double predict_mma_matrix(const Problem& problem, const OpenclProduct& product, const MmaTile& tile);

/// `kPlan` says what the operator's problem is, kTile which of kMmaTiles.
template <OpenclProduct (*kPlan)(const Problem&), std::size_t kTile>
struct MmaTactic {
  static_assert(kTile < kMmaTileCount);
  static std::string refuse(const Problem& p) {
    std::string why = refuse_mma(p, kMmaTiles[kTile]);
    if (why.empty()) why = refuse_opencl(p, {DataType::float16});
    return why.empty() ? refuse_mma_matrix(p, kPlan(p), kMmaTiles[kTile]) : why;
  }
  static Launch prepare(const Problem& p) { return prepare_mma_matrix(p, kPlan(p), kMmaTiles[kTile]); }
  static double predict(const Problem& p) { return predict_mma_matrix(p, kPlan(p), kMmaTiles[kTile]); }
};

}  // namespace vireo::ops
