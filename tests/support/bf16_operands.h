#pragma once
// What a tactic of bfloat16 products makes of its operands, for references to be fed the same: then only the order of
// the float32 sums differs.

#include <cstddef>

#include "engine/graph/attributes.h"
#include "engine/ops/shared/reference.h"

namespace vireo::testing {

/// Rounds value `x` of input `index` of conv, gemm or matmul as such a tactic does: the operands, the second one with
/// the factor `alpha` of the product; biases and residuals stay as they are.
inline float as_bf16_operand(const graph::Attributes& attributes, bool product, std::size_t index, float x) {
  if (index > 1) return x;
  const auto alpha = static_cast<float>(product && index == 1 ? attributes.real("alpha", 1.0) : 1.0);
  return static_cast<float>(ops::BFloat(x * alpha)) / alpha;
}

}  // namespace vireo::testing
