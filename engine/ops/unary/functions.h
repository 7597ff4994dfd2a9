#pragma once
// The functions of the unary operator by name, with their parameters. Plain values; any thread.

#include <string_view>

#include "engine/graph/attributes.h"
#include "engine/ops/unary/functions_light.h"

namespace vireo::ops {

[[nodiscard]] UnaryFunction unary_function_from(std::string_view name) noexcept;

struct UnaryParameters {
  UnaryFunction function = UnaryFunction::unknown;
  double a = 0, b = 0;        ///< alpha and beta, gamma, bias; clip: min and max
  bool tanh_gelu = false;
};
[[nodiscard]] UnaryParameters unary_parameters(const graph::Attributes& attributes);

}  // namespace vireo::ops
