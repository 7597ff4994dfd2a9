#pragma once
// Batched matrix products on the microkernels, for gemm and matmul: C[i] = activation(alpha A[i] B[i] + bias + addend
// (+ residual)). A constant B is packed once; any other B is packed in a first phase into the workspace. Plain values;
// any thread.

#include <cstdint>
#include <vector>

#include "engine/graph/tactic.h"
#include "engine/ops/shared/activation.h"
#include "engine/ops/shared/microkernel.h"

namespace vireo::ops {

struct BatchedGemm {
  std::int64_t m = 0, n = 0, k = 0;
  bool trans_a = false, trans_b = false;
  float alpha = 1;
  std::int64_t a_pitch = 0, b_pitch = 0, c_pitch = 0, r_pitch = 0;
  std::vector<std::int64_t> a_offsets{
      0};                                ///< floats, one for each product of the batch; C and the residual are in order
  std::vector<std::int64_t> b_index{0};  ///< which of the distinct B
  std::vector<std::int64_t> b_offsets{0};  ///< floats, one for each distinct B
  const graph::Constant* b = nullptr;      ///< known values of input 1
  const graph::Constant* bias = nullptr;   ///< known values of the row added to every row of C
  int bias_input = -1;                     ///< the input that holds that row, known or not: 2 or none
  std::int64_t bias_step = 1;              ///< 0: one value for all columns
  int addend_input = -1;                   ///< an input that is broadcast over C; excludes a residual
  std::int64_t addend_row = 0, addend_column = 0;
  float beta = 1;  ///< factor on bias and addend
  int residual_input = -1;
  bool residual_before = false;
  ActivationSpec activation;
  int workers = 1;

  [[nodiscard]] std::int64_t batch() const { return static_cast<std::int64_t>(a_offsets.size()); }
};

[[nodiscard]] graph::Launch prepare_gemm(const graph::Problem& problem, const BatchedGemm& gemm,
                                         const KernelSet& kernels);
[[nodiscard]] double predict_gemm(const BatchedGemm& gemm, const KernelSet& kernels);

}  // namespace vireo::ops
