#pragma once
// The reference's tail of conv, conv_transpose, gemm and matmul: residual and activation on one value. Any thread.

#include "engine/ops/shared/activation.h"
#include "engine/ops/shared/shape.h"

namespace vireo::ops {

struct ReferenceEpilogue {
  ActivationSpec activation;
  bool residual_before = false;

  ReferenceEpilogue(const Attributes& attributes, bool own_alpha)
      : activation(activation_of(attributes, own_alpha)),
        residual_before(attributes.text("residual", "") == "before") {}

  [[nodiscard]] double operator()(double value, double residual) const {
    return residual_before ? apply(activation, value + residual) : apply(activation, value) + residual;
  }
};

}  // namespace vireo::ops
