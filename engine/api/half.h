#pragma once
// The 16-bit floating-point elements of tensors, as bits: to float and, rounded to nearest even, from float. Pure
// functions; any thread.

#include <bit>
#include <cstdint>

namespace vireo {

/// IEEE half precision (DataType::float16).
[[nodiscard]] constexpr float half_to_float(std::uint16_t bits) noexcept {
  const std::uint32_t sign = (bits & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 31u, mantissa = bits & 0x3ffu;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | ((exponent + 112u) << 23) | (mantissa << 13));
}

[[nodiscard]] constexpr std::uint16_t half_from_float(float value) noexcept {
  const auto f = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (f >> 16) & 0x8000u, magnitude = f & 0x7fffffffu;
  std::uint32_t bits = 0;
  if (magnitude >= 0x7f800000u) {  // infinity, NaN
    bits = 0x7c00u | (magnitude > 0x7f800000u ? 0x200u : 0u);
  } else if (magnitude >= 0x477ff000u) {  // rounds to 65536 or more
    bits = 0x7c00u;
  } else if (magnitude < 0x38800000u) {  // subnormal: adding 0.5 puts the rounded value into the low mantissa bits
    bits = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000u;
  } else {
    bits = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  }
  return static_cast<std::uint16_t>(sign | bits);
}

/// The upper half of a float (DataType::bfloat16).
[[nodiscard]] constexpr float bfloat16_to_float(std::uint16_t bits) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

[[nodiscard]] constexpr std::uint16_t bfloat16_from_float(float value) noexcept {
  const auto f = std::bit_cast<std::uint32_t>(value);
  const bool nan = (f & 0x7fffffffu) > 0x7f800000u;
  return static_cast<std::uint16_t>(nan ? (f >> 16) | 0x40u : (f + 0x7fffu + ((f >> 16) & 1u)) >> 16);
}

}  // namespace vireo
