#include "engine/ops/shared/integer_product.h"

#include <algorithm>
#include <cstring>

namespace vireo::ops {

std::uint32_t row_word(const IntegerKernels& k, const std::uint8_t* bytes, std::int64_t count, bool is_signed) {
  std::uint32_t word = 0;
  const int bits = 32 / k.values;
  const std::uint32_t mask = k.bytes ? 0xffu : 0xffffu;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t value = byte_number(bytes[i], is_signed) + k.row_shift(is_signed);
    word |= (static_cast<std::uint32_t>(value) & mask) << (bits * i);
  }
  return word;
}

std::uint32_t column_word(const IntegerKernels& k, std::int32_t value, std::int64_t count, bool is_signed) {
  std::uint32_t word = 0;
  const int bits = 32 / k.values;
  const std::uint32_t one = static_cast<std::uint32_t>(value + k.column_shift(is_signed)) & (k.bytes ? 0xffu : 0xffffu);
  for (std::int64_t i = 0; i < std::min<std::int64_t>(count, k.values); ++i) word |= one << (bits * i);
  return word;
}

void pack_rows(const IntegerKernels& k, const std::uint8_t* from, std::int64_t row_step, std::int64_t count,
               std::int64_t length, bool is_signed, std::uint32_t* to) {
  const std::int64_t depth = (length + k.values - 1) / k.values, whole = length / k.values;
  const std::uint32_t flip = k.bytes && !is_signed ? 0x80808080u : 0;
  for (std::int64_t r = 0; r < k.rows; ++r) {
    std::uint32_t* word = to + r;
    if (r >= count) {
      for (std::int64_t d = 0; d < depth; ++d) word[d * k.rows] = 0;
      continue;
    }
    const std::uint8_t* row = from + r * row_step;
    for (std::int64_t d = 0; d < whole; ++d) {
      if (k.bytes) {
        std::uint32_t bytes = 0;
        std::memcpy(&bytes, row + 4 * d, sizeof bytes);
        word[d * k.rows] = bytes ^ flip;
      } else {
        const auto low = static_cast<std::uint16_t>(byte_number(row[2 * d], is_signed)),
                   high = static_cast<std::uint16_t>(byte_number(row[2 * d + 1], is_signed));
        word[d * k.rows] = low | static_cast<std::uint32_t>(high) << 16;
      }
    }
    if (whole < depth) word[whole * k.rows] = row_word(k, row + whole * k.values, length - whole * k.values, is_signed);
  }
}

void pack_columns(const IntegerKernels& k, const std::uint8_t* from, std::int64_t row_step, std::int64_t count,
                  std::int64_t length, bool is_signed, std::uint32_t* to) {
  const std::int64_t depth = (length + k.values - 1) / k.values;
  for (std::int64_t d = 0; d < depth; ++d, to += k.columns) {
    const std::uint8_t* rows[4] = {};
    for (std::int64_t i = 0; i < k.values && d * k.values + i < length; ++i)
      rows[i] = from + (d * k.values + i) * row_step;
    k.weave(rows, count, is_signed, to);
    std::fill(to + count, to + k.columns, 0u);
  }
}

}  // namespace vireo::ops
