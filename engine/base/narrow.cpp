#include "engine/base/narrow.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace vireo::base {
namespace {

/// A format of sign, exponent and mantissa. Beyond its largest number it may have infinities; `nan` is its positive
/// NaN, 0 for none. Those without a negative zero (`unsigned_zero`) use its bits as their only NaN.
struct Format {
  int mantissa, bias;
  float largest;
  std::uint8_t sign, infinity, nan;
  bool unsigned_zero;
};

Format format_of(DataType type) noexcept {
  switch (type) {
    case DataType::float8e4m3fn: return {3, 7, 448, 0x80, 0, 0x7f, false};
    case DataType::float8e4m3fnuz: return {3, 8, 240, 0x80, 0, 0x80, true};
    case DataType::float8e5m2: return {2, 15, 57344, 0x80, 0x7c, 0x7f, false};
    case DataType::float8e5m2fnuz: return {2, 16, 57344, 0x80, 0, 0x80, true};
    default: return {1, 1, 6, 0x08, 0, 0, false};  // float4e2m1
  }
}

bool is_special(DataType type, const Format& f, std::uint8_t bits) noexcept {
  if (type == DataType::float8e5m2) return (bits & 0x7f) > f.infinity;
  if (f.unsigned_zero) return bits == f.nan;
  return f.nan != 0 && (bits & 0x7f) == f.nan;
}

std::uint8_t float_bits(DataType type, float value, Overflow overflow) noexcept {
  const Format f = format_of(type);
  const std::uint8_t sign = std::signbit(value) ? f.sign : 0;
  if (std::isnan(value)) {
    if (f.nan == 0) return f.sign;  // there is none: a zero, as the field's libraries have it
    return f.unsigned_zero ? f.nan : static_cast<std::uint8_t>(sign | f.nan);
  }
  const double magnitude = std::abs(static_cast<double>(value));
  int exponent = 0;
  (void)std::frexp(magnitude, &exponent);  // [0.5, 1) * 2^exponent
  exponent = std::max(exponent - 1, 1 - f.bias);
  double rounded = magnitude;
  if (std::isfinite(magnitude))
    rounded = std::ldexp(std::nearbyint(std::ldexp(magnitude, f.mantissa - exponent)), exponent - f.mantissa);
  if (rounded > static_cast<double>(f.largest)) {
    if (overflow == Overflow::saturates || f.nan == 0) rounded = static_cast<double>(f.largest);
    else if (f.infinity != 0) return sign | f.infinity;
    else return f.unsigned_zero ? f.nan : static_cast<std::uint8_t>(sign | f.nan);
  }
  if (rounded == 0) return f.unsigned_zero ? std::uint8_t{0} : sign;
  (void)std::frexp(rounded, &exponent);
  exponent = std::max(exponent - 1, 1 - f.bias);
  const int units = static_cast<int>(std::ldexp(rounded, f.mantissa - exponent));  // with the leading one, if normal
  const int biased = units >> f.mantissa ? exponent + f.bias : 0;
  return static_cast<std::uint8_t>(sign | (biased << f.mantissa) | (units & ((1 << f.mantissa) - 1)));
}

float float_value(DataType type, std::uint8_t bits) noexcept {
  const Format f = format_of(type);
  if (type == DataType::float4e2m1) bits &= 0x0f;
  if (is_special(type, f, bits)) return std::numeric_limits<float>::quiet_NaN();
  const bool negative = (bits & f.sign) != 0;
  const int rest = bits & (f.sign - 1), mantissa = rest & ((1 << f.mantissa) - 1), exponent = rest >> f.mantissa;
  float magnitude = 0;
  if (f.infinity != 0 && rest == f.infinity) magnitude = std::numeric_limits<float>::infinity();
  else if (exponent == 0) magnitude = std::ldexp(static_cast<float>(mantissa), 1 - f.bias - f.mantissa);
  else magnitude = std::ldexp(static_cast<float>(mantissa + (1 << f.mantissa)), exponent - f.bias - f.mantissa);
  return negative ? -magnitude : magnitude;
}

/// The exponent of a float alone: 2^(bits - 127), 255 is NaN. The sign is not looked at.
std::uint8_t power_bits(float value, Overflow overflow, PowerRounding rounding) noexcept {
  const auto raw = std::bit_cast<std::uint32_t>(value);
  std::uint32_t exponent = (raw >> 23) & 0xffu;
  const std::uint32_t rest = raw & 0x7fffffu;
  const bool saturates = overflow == Overflow::saturates;
  if (std::isnan(value)) return 0xff;
  if (exponent == 0xff) return saturates ? 0xfe : 0xff;
  bool up = false;
  if (rounding == PowerRounding::up) up = rest != 0;
  if (rounding == PowerRounding::nearest) up = exponent > 0 ? rest >= 0x400000u : rest > 0x400000u;
  // Below 2^-126 there is 2^-127 alone, which a float writes with the upper bit of its mantissa.
  if (exponent == 0 && rounding == PowerRounding::up) up = rest > 0x400000u;
  if (exponent == 0 && !saturates && rest == 0) return 0xff;
  exponent += up ? 1 : 0;
  if (exponent == 0xff) return saturates ? 0xfe : 0xff;
  return static_cast<std::uint8_t>(exponent);
}

}  // namespace

float narrow_value(DataType type, std::uint8_t bits) noexcept {
  switch (type) {
    case DataType::uint4:
    case DataType::uint2: return static_cast<float>(bits);
    case DataType::int4:
    case DataType::int2: return static_cast<float>(static_cast<std::int8_t>(bits));
    case DataType::float8e8m0:
      return bits == 0xff ? std::numeric_limits<float>::quiet_NaN() : std::ldexp(1.0f, int{bits} - 127);
    default: return float_value(type, bits);
  }
}

std::uint8_t narrow_bits(DataType type, double value, Overflow overflow, PowerRounding rounding) noexcept {
  switch (type) {
    case DataType::uint4:
    case DataType::int4:
    case DataType::uint2:
    case DataType::int2: {
      const std::int64_t number = std::abs(value) < 0x1p63 ? static_cast<std::int64_t>(value) : 0;
      const int unused = 64 - static_cast<int>(file_bits(type));
      const std::uint64_t high = static_cast<std::uint64_t>(number) << unused;
      const bool is_signed = type == DataType::int4 || type == DataType::int2;
      return static_cast<std::uint8_t>(is_signed ? static_cast<std::uint64_t>(static_cast<std::int64_t>(high) >> unused)
                                                 : high >> unused);
    }
    case DataType::float8e8m0: return power_bits(static_cast<float>(value), overflow, rounding);
    default: return float_bits(type, static_cast<float>(value), overflow);
  }
}

std::size_t file_bits(DataType type) noexcept {
  switch (type) {
    case DataType::uint4:
    case DataType::int4:
    case DataType::float4e2m1: return 4;
    case DataType::uint2:
    case DataType::int2: return 2;
    default: return 8 * size_of(type);
  }
}

std::size_t file_bytes(DataType type, std::size_t count) noexcept {
  const std::size_t bits = file_bits(type);
  return bits >= 8 ? count * (bits / 8) : count / (8 / bits) + (count % (8 / bits) != 0 ? 1 : 0);
}

void unpack_narrow(DataType type, const std::byte* packed, std::size_t count, std::byte* elements) noexcept {
  const std::size_t bits = file_bits(type), each = 8 / bits;
  const int unused = 8 - static_cast<int>(bits);
  const bool is_signed = type == DataType::int4 || type == DataType::int2;
  for (std::size_t i = 0; i < count; ++i) {
    const auto high =
        static_cast<std::uint8_t>(std::to_integer<unsigned>(packed[i / each]) >> (i % each * bits) << unused);
    elements[i] = static_cast<std::byte>(is_signed ? static_cast<std::int8_t>(high) >> unused : high >> unused);
  }
}

void pack_narrow(DataType type, const std::byte* elements, std::size_t count, std::byte* packed) noexcept {
  const std::size_t bits = file_bits(type), each = 8 / bits;
  const auto mask = static_cast<std::byte>((1u << bits) - 1);
  if (count > 0) std::memset(packed, 0, file_bytes(type, count));
  for (std::size_t i = 0; i < count; ++i) packed[i / each] |= (elements[i] & mask) << (i % each * bits);
}

}  // namespace vireo::base
