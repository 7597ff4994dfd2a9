#pragma once
// Exact products of 8-bit integers, summed in 32 bits (which wrap, as those of the field do): the micro-kernels under
// matmul_integer and conv_integer, one set for each instruction set, and what packs for them.
//
// Both operands are panels of words (simd/words.h): rows [depth][kRows of the set], columns [depth][columns], a word
// being `values` consecutive entries of the axis that is summed over. Values stand as they are, or shifted by 128 where
// the instruction takes the other sign; `row_shift` and `column_shift` say so, and zero points shift along. Zero points
// are taken off afterwards, by the sums of rows and columns: with a and b of zero points za and zb,
//   sum (a - za)(b - zb) = sum ab - za * sum b - zb * sum a + depth * za * zb.
// Pure functions; any thread.

#include <cstdint>

#include "engine/api/types.h"

namespace vireo::ops {

/// One block of results: row r, column c is sum + row_add[r] + row_factor[r] * column_sum[c] + column_factor[c] *
/// row_sum[r]. The last two terms are left out where column_sum is null. Arrays are as long as a whole panel.
struct IntegerTile {
  const std::uint32_t* rows = nullptr;
  const std::uint32_t* columns = nullptr;
  std::int64_t column_step = 0;  ///< words from one step of depth to the next
  std::int64_t depth = 0;        ///< words
  std::int32_t* to = nullptr;
  std::int64_t pitch = 0;  ///< elements
  int row_count = 0, column_count = 0;
  const std::int32_t* row_add = nullptr;
  const std::int32_t *row_factor = nullptr, *column_sum = nullptr, *column_factor = nullptr, *row_sum = nullptr;
};

struct IntegerKernels {
  int rows = 0, columns = 0;  ///< of a panel
  int values = 0;             ///< of a word
  bool bytes = false;         ///< rows hold signed bytes and columns unsigned ones, else both 16 bits
  void (*run)(const IntegerTile& tile);
  /// Sums of the values of `count` lanes (a whole panel) over depth.
  void (*sum_rows)(const std::uint32_t* words, std::int64_t depth, std::int32_t* sums);
  void (*sum_columns)(const std::uint32_t* words, std::int64_t step, std::int64_t depth, std::int32_t* sums);
  /// Words of columns from rows of bytes that lie apart: word i has entry i of each of `values` rows, 0 for null ones.
  void (*weave)(const std::uint8_t* const* rows, std::int64_t count, bool is_signed, std::uint32_t* to);

  [[nodiscard]] std::int32_t row_shift(bool is_signed) const { return bytes && !is_signed ? -128 : 0; }
  [[nodiscard]] std::int32_t column_shift(bool is_signed) const { return bytes && is_signed ? 128 : 0; }
};

[[nodiscard]] const IntegerKernels& integer_kernels_portable();
[[nodiscard]] const IntegerKernels& integer_kernels_avx2();
[[nodiscard]] const IntegerKernels& integer_kernels_avx512();
[[nodiscard]] const IntegerKernels& integer_kernels_avx512_vnni();

/// A word of rows: `count` (at most `values`) bytes, 0 behind them.
[[nodiscard]] std::uint32_t row_word(const IntegerKernels& kernels, const std::uint8_t* bytes, std::int64_t count,
                                     bool is_signed);
/// A word of columns whose first `count` values are `value`, a byte's number.
[[nodiscard]] std::uint32_t column_word(const IntegerKernels& kernels, std::int32_t value, std::int64_t count,
                                        bool is_signed);
/// Up to a panel of rows of bytes, `row_step` bytes apart, each `length` bytes long. Writes words [depth][rows], 0 for
/// rows and values that there aren't.
void pack_rows(const IntegerKernels& kernels, const std::uint8_t* from, std::int64_t row_step, std::int64_t count,
               std::int64_t length, bool is_signed, std::uint32_t* to);
/// Up to a panel of columns of a matrix [length][…], `row_step` bytes apart. Writes words [depth][columns].
void pack_columns(const IntegerKernels& kernels, const std::uint8_t* from, std::int64_t row_step, std::int64_t count,
                  std::int64_t length, bool is_signed, std::uint32_t* to);

/// The number of a zero point's byte.
[[nodiscard]] inline std::int32_t byte_number(std::uint8_t byte, bool is_signed) {
  return is_signed ? static_cast<std::int8_t>(byte) : byte;
}

/// Words that whole vectors of columns may read behind the last one.
inline constexpr std::int64_t kWordSlack = 64;

}  // namespace vireo::ops
