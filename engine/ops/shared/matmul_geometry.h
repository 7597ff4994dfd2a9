#pragma once
// The extents of a matrix product with numpy's batching rules, shared by the shape rule, the reference and the kernels
// of matmul. Value type, any thread.

#include "engine/ops/shared/shape.h"

namespace vireo::ops {

struct MatmulGeometry {
  Dims batch;                      ///< broadcast batch extents
  Dims a_batch, b_batch;           ///< those of the operands, before broadcasting
  std::int64_t m = 1, n = 1, k = 1;
  bool trans_a = false, trans_b = false;
  bool a_vector = false, b_vector = false;  ///< 1-D operands, whose axis disappears from the output
  double alpha = 1;

  [[nodiscard]] Dims output_dims() const;
};

/// Throws Error(invalid_model) with what does not fit. Extents may be unknown.
[[nodiscard]] MatmulGeometry matmul_geometry(const Attributes& attributes, const Dims& a, const Dims& b);

}  // namespace vireo::ops
