#pragma once
// The functions of the unary operator as numbers. Light: kernel bodies include it.

#include <cstdint>

namespace vireo::ops {

enum class UnaryFunction : std::uint8_t {
  relu, leaky_relu, sigmoid, hard_sigmoid, hard_swish, silu, mish, tanh, erf, gelu, elu, celu, selu, softplus, softsign,
  thresholded_relu, shrink, clip, exp, log, sqrt, rsqrt, reciprocal, abs, neg, sign, floor, ceil, round, sin, cos, tan,
  asin, acos, atan, sinh, cosh, asinh, acosh, atanh, logical_not, bitwise_not, isnan, isinf, identity, unknown
};

}  // namespace vireo::ops
