#pragma once
// The functions of the binary operator by name. Plain values; any thread.

#include <string_view>

#include "engine/ops/binary/functions_light.h"

namespace vireo::ops {

[[nodiscard]] BinaryFunction binary_function_from(std::string_view name) noexcept;
[[nodiscard]] constexpr bool is_comparison(BinaryFunction f) noexcept {
  return f >= BinaryFunction::equal && f <= BinaryFunction::greater_equal;
}
[[nodiscard]] constexpr bool is_logical(BinaryFunction f) noexcept {
  return f >= BinaryFunction::logical_and && f <= BinaryFunction::logical_xor;
}

}  // namespace vireo::ops
