#pragma once
// Elements of the narrow types (engine/api/types.h): floats of 8 and 4 bits, integers of 4 and 2. In memory each is one
// byte: the bits of a float, the value of an integer. In ONNX files several integers or floats of 4 bits share a byte.
// Pure functions; any thread.

#include <cstddef>
#include <cstdint>

#include "engine/api/types.h"

namespace vireo::base {

/// What becomes of floats that are larger than all of an 8-bit format.
enum class Overflow : std::uint8_t { saturates, is_special };
/// How a number becomes a power of two (float8e8m0): away from zero, towards it, or the nearest one, ties up.
enum class PowerRounding : std::uint8_t { up, down, nearest };

/// The value of an element: exact, NaN and infinities included.
[[nodiscard]] float narrow_value(DataType type, std::uint8_t bits) noexcept;
/// A number as an element. Floats are rounded to nearest even; what they do beyond their range is the table of ONNX's
/// Cast. Integers keep the low bits of the number, truncated; NaN and numbers beyond 64 bits give 0.
[[nodiscard]] std::uint8_t narrow_bits(DataType type, double value, Overflow overflow = Overflow::saturates,
                                       PowerRounding rounding = PowerRounding::up) noexcept;

/// Bits of an element in a file: 2 or 4 where several share a byte, else 8 * size_of(type).
[[nodiscard]] std::size_t file_bits(DataType type) noexcept;
/// Bytes of `count` elements in a file.
[[nodiscard]] std::size_t file_bytes(DataType type, std::size_t count) noexcept;
/// Elements of 2 or 4 bits from a file's bytes, the lowest bits first, and back.
void unpack_narrow(DataType type, const std::byte* packed, std::size_t count, std::byte* elements) noexcept;
void pack_narrow(DataType type, const std::byte* elements, std::size_t count, std::byte* packed) noexcept;

}  // namespace vireo::base
