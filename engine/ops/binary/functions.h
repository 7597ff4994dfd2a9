#pragma once
// The functions of the binary operator by name. Plain values; any thread.

#include <cstdint>
#include <string_view>

namespace vireo::ops {

enum class BinaryFunction : std::uint8_t {
  add, sub, mul, div, pow, mod, fmod, min, max, prelu, equal, less, less_equal, greater, greater_equal, logical_and,
  logical_or, logical_xor, bitshift_left, bitshift_right, bitwise_and, bitwise_or, bitwise_xor, unknown
};

[[nodiscard]] BinaryFunction binary_function_from(std::string_view name) noexcept;
[[nodiscard]] constexpr bool is_comparison(BinaryFunction f) noexcept {
  return f >= BinaryFunction::equal && f <= BinaryFunction::greater_equal;
}
[[nodiscard]] constexpr bool is_logical(BinaryFunction f) noexcept {
  return f >= BinaryFunction::logical_and && f <= BinaryFunction::logical_xor;
}

}  // namespace vireo::ops
