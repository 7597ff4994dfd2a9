#pragma once
// gemm, matmul and einsum with known second operands on Hopper's tensor cores, for the rows of their tables. Any
// thread.

#include <iterator>

#include "engine/ops/shared/hopper.h"
#include "engine/ops/shared/opencl_product.h"
#include "engine/ops/shared/slab.h"

namespace vireo::ops {

/// Products of a batch whose rows follow each other, with one second operand for all; or one product.
[[nodiscard]] bool is_one_product(const OpenclProduct& product);
/// The known second operand as [n][k, rounded up to 64], halfs, with the factor.
[[nodiscard]] device::OpenclState hopper_matrix_weights(const Problem& problem, const OpenclProduct& product);

[[nodiscard]] std::string refuse_hopper_matrix(const Problem& problem, const OpenclProduct& product,
                                               const HopperTile& tile);
[[nodiscard]] Launch prepare_hopper_matrix(const Problem& problem, const OpenclProduct& product,
                                           const HopperTile& tile);
[[nodiscard]] double predict_hopper_matrix(const Problem& problem, const OpenclProduct& product,
                                           const HopperTile& tile);

/// `kPlan` says what the operator's problem is, kTile which of kHopperTiles.
template <OpenclProduct (*kPlan)(const Problem&), std::size_t kTile>
struct HopperTactic {
  static_assert(kTile < std::size(kHopperTiles));
  static std::string refuse(const Problem& p) {
    const std::string why = refuse_opencl(p, {DataType::float16});
    return why.empty() ? refuse_hopper_matrix(p, kPlan(p), kHopperTiles[kTile]) : why;
  }
  static Launch prepare(const Problem& p) { return prepare_hopper_matrix(p, kPlan(p), kHopperTiles[kTile]); }
  static double predict(const Problem& p) { return predict_hopper_matrix(p, kPlan(p), kHopperTiles[kTile]); }
};

[[nodiscard]] std::string refuse_slab_matrix(const Problem& problem, const OpenclProduct& product,
                                             const SlabTile& tile);
[[nodiscard]] Launch prepare_slab_matrix(const Problem& problem, const OpenclProduct& product, const SlabTile& tile);
[[nodiscard]] double predict_slab_matrix(const Problem& problem, const OpenclProduct& product, const SlabTile& tile);

/// The same as parts of plan kernels.
template <OpenclProduct (*kPlan)(const Problem&), std::size_t kTile>
struct SlabTactic {
  static_assert(kTile < kSlabTileCount);
  static std::string refuse(const Problem& p) {
    const std::string why = refuse_opencl(p, {DataType::float16});
    return why.empty() ? refuse_slab_matrix(p, kPlan(p), kSlabTiles[kTile]) : why;
  }
  static Launch prepare(const Problem& p) { return prepare_slab_matrix(p, kPlan(p), kSlabTiles[kTile]); }
  static double predict(const Problem& p) { return predict_slab_matrix(p, kPlan(p), kSlabTiles[kTile]); }
};

}  // namespace vireo::ops
