#pragma once
// The functions of the unary operator by name, with their parameters. Plain values; any thread.

#include <cstdint>
#include <string_view>

#include "engine/graph/attributes.h"

namespace vireo::ops {

enum class UnaryFunction : std::uint8_t {
  relu, leaky_relu, sigmoid, hard_sigmoid, hard_swish, silu, mish, tanh, erf, gelu, elu, celu, selu, softplus, softsign,
  thresholded_relu, shrink, clip, exp, log, sqrt, rsqrt, reciprocal, abs, neg, sign, floor, ceil, round, sin, cos, tan,
  asin, acos, atan, sinh, cosh, asinh, acosh, atanh, logical_not, bitwise_not, isnan, isinf, identity, unknown
};

[[nodiscard]] UnaryFunction unary_function_from(std::string_view name) noexcept;

struct UnaryParameters {
  UnaryFunction function = UnaryFunction::unknown;
  double a = 0, b = 0;        ///< alpha and beta, gamma, bias; clip: min and max
  bool tanh_gelu = false;
};
[[nodiscard]] UnaryParameters unary_parameters(const graph::Attributes& attributes);

}  // namespace vireo::ops
