#pragma once
// The functions of the binary operator as numbers. Light: kernel bodies include it.

#include <cstdint>

namespace vireo::ops {

enum class BinaryFunction : std::uint8_t {
  add, sub, mul, div, pow, mod, fmod, min, max, prelu, equal, less, less_equal, greater, greater_equal, logical_and,
  logical_or, logical_xor, bitshift_left, bitshift_right, bitwise_and, bitwise_or, bitwise_xor, unknown,
  square, cube, root  ///< pow by a known 2, 3, 0.5: kernels only
};

}  // namespace vireo::ops
