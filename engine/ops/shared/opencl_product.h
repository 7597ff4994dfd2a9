#pragma once
// Matrix products on OpenCL devices, for gemm, matmul and einsum: what a product is, with any strides, and the kernels
// that compute it (opencl/product*.cl). Used when a launch is prepared; any thread.

#include "engine/ops/shared/loop_plan.h"
#include "engine/ops/shared/opencl.h"

namespace vireo::ops {

/// C = activation(alpha A B + beta addend + residual) or activation(…) + residual, for each entry of a batch.
struct OpenclProduct {
  std::int64_t m = 1, n = 1, k = 1;
  std::int64_t a_row = 0, a_step = 0;     ///< strides of A along m and k
  std::int64_t b_step = 0, b_column = 0;  ///< of B along k and n
  std::int64_t c_row = 0, c_column = 0;
  int addend = -1, residual = -1;  ///< inputs
  std::int64_t addend_row = 0, addend_column = 0;
  std::int64_t residual_row = 0, residual_column = 0;
  bool residual_before = false;
  double alpha = 1, beta = 1;
  ActivationSpec activation;
  bool packs = true;  ///< a known B, dense and in order, becomes panels of 32 columns
  Loop batch;         ///< strides of A, B, C, residual
  [[nodiscard]] std::int64_t batches() const;
};

/// How it is computed. Tiles: 256 items share tiles of A and B in local memory; blocks: an item computes a few rows of
/// 32 columns from vectors, without barriers, for processors; rows: 16 slices of the sum for each of 16 columns, for
/// few rows.
enum class ProductForm : std::uint8_t { tiles128, tiles64, tiles32, blocks, rows };

/// Beside the types.
[[nodiscard]] std::string refuse_product(const Problem& problem, const OpenclProduct& product, ProductForm form);
[[nodiscard]] Launch prepare_product(const Problem& problem, const OpenclProduct& product, ProductForm form);
/// Seconds.
[[nodiscard]] double predict_product(const Problem& problem, const OpenclProduct& product, ProductForm form);

/// For the rows of an operator's table; `kPlan` says what its problem is.
template <OpenclProduct (*kPlan)(const Problem&), ProductForm kForm>
struct ProductTactic {
  static std::string refuse(const Problem& p) {
    const std::string why = refuse_opencl(p, kReals);
    return why.empty() ? refuse_product(p, kPlan(p), kForm) : why;
  }
  static Launch prepare(const Problem& p) { return prepare_product(p, kPlan(p), kForm); }
  static double predict(const Problem& p) { return predict_product(p, kPlan(p), kForm); }
};

}  // namespace vireo::ops
