#pragma once
// The micro-kernels of integer_product.h over any Words. A panel of columns is kVectors vectors wide; all sums stay in
// registers. Bound by the multiply-add units. Included by one file for each instruction set.

#include <cstring>

#include "engine/ops/shared/integer_product.h"
#include "engine/simd/inline.h"

namespace vireo::ops {
namespace {

template <typename W, int kPanel, int kRows, int kVectors>
void integer_rows(const IntegerTile& t) {
  W sums[kRows][kVectors];
  for (auto& row : sums)
    for (W& s : row) s = W::set(0);
  const std::uint32_t *rows = t.rows, *columns = t.columns;
  for (std::int64_t d = 0; d < t.depth; ++d, rows += kPanel, columns += t.column_step) {
    W b[kVectors];
#pragma GCC unroll 4
    for (int n = 0; n < kVectors; ++n) b[n] = W::load(columns + n * W::kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const W a = W::set(static_cast<std::int32_t>(rows[r]));
#pragma GCC unroll 4
      for (int n = 0; n < kVectors; ++n) sums[r][n] = dot(sums[r][n], b[n], a);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    if (r >= t.row_count) break;
    std::int32_t* to = t.to + r * t.pitch;
    W results[kVectors];
#pragma GCC unroll 4
    for (int n = 0; n < kVectors; ++n) {
      results[n] = sums[r][n] + W::set(t.row_add[r]);
      if (t.column_sum) {
        results[n] = results[n] + W::set(t.row_factor[r]) * W::load(t.column_sum + n * W::kLanes);
        results[n] = results[n] + W::load(t.column_factor + n * W::kLanes) * W::set(t.row_sum[r]);
      }
    }
    if (t.column_count == kVectors * W::kLanes) {
      for (int n = 0; n < kVectors; ++n) results[n].store(to + n * W::kLanes);
    } else {
      std::int32_t whole[kVectors * W::kLanes];
      for (int n = 0; n < kVectors; ++n) results[n].store(whole + n * W::kLanes);
      std::memcpy(to, whole, static_cast<std::size_t>(t.column_count) * sizeof(std::int32_t));
    }
  }
}

/// The fewest rows that do.
template <typename W, int kPanel, int kVectors>
void integer_tile(const IntegerTile& t) {
  if (t.row_count == 1) return integer_rows<W, kPanel, 1, kVectors>(t);
  if (t.row_count == 2) return integer_rows<W, kPanel, 2, kVectors>(t);
  if constexpr (kPanel > 4) {
    if (t.row_count <= 4) return integer_rows<W, kPanel, 4, kVectors>(t);
    if constexpr (kPanel > 8)
      if (t.row_count <= 8) return integer_rows<W, kPanel, 8, kVectors>(t);
  }
  integer_rows<W, kPanel, kPanel, kVectors>(t);
}

constexpr std::int32_t integer_ones(int values) { return values == 4 ? 0x01010101 : 0x00010001; }

template <typename W, int kPanel>
void sum_integer_rows(const std::uint32_t* words, std::int64_t depth, std::int32_t* sums) {
  constexpr int kVectors = (kPanel + W::kLanes - 1) / W::kLanes;
  W s[kVectors];
  for (W& v : s) v = W::set(0);
  const W one = W::set(integer_ones(W::kValues));
  for (std::int64_t d = 0; d + 1 < depth; ++d, words += kPanel)  // vectors reach into the next step's words
    for (int n = 0; n < kVectors; ++n) s[n] = dot(s[n], one, W::load(words + n * W::kLanes));
  std::int32_t whole[kVectors * W::kLanes] = {};
  if (depth > 0) std::memcpy(whole, words, kPanel * sizeof(std::uint32_t));
  for (int n = 0; n < kVectors; ++n) s[n] = dot(s[n], one, W::load(whole + n * W::kLanes));
  for (int n = 0; n < kVectors; ++n) s[n].store(whole + n * W::kLanes);
  std::memcpy(sums, whole, kPanel * sizeof(std::int32_t));
}

template <typename W, int kVectors>
void sum_integer_columns(const std::uint32_t* words, std::int64_t step, std::int64_t depth, std::int32_t* sums) {
  W s[kVectors];
  for (W& v : s) v = W::set(0);
  const W one = W::set(integer_ones(W::kValues));
  for (std::int64_t d = 0; d < depth; ++d, words += step)
    for (int n = 0; n < kVectors; ++n) s[n] = dot(s[n], W::load(words + n * W::kLanes), one);
  for (int n = 0; n < kVectors; ++n) s[n].store(sums + n * W::kLanes);
}

/// Four rows of bytes, or two that become 16 bits; `kFlip` changes the sign's meaning.
template <bool kBytes, typename Byte, std::uint8_t kFlip>
void weave_rows(const std::uint8_t* const* rows, std::int64_t count, std::uint32_t* to) {
  const auto word = [](const std::uint8_t* row, std::int64_t i) {
    return static_cast<std::uint32_t>(static_cast<std::uint16_t>(static_cast<Byte>(row[i])));
  };
  const auto byte = [](const std::uint8_t* row, std::int64_t i) {
    return static_cast<std::uint32_t>(static_cast<std::uint8_t>(row[i] ^ kFlip));
  };
  const std::uint8_t* const r[4] = {rows[0], rows[1], kBytes ? rows[2] : nullptr, kBytes ? rows[3] : nullptr};
  if constexpr (kBytes) {
    if (r[3]) {
      for (std::int64_t i = 0; i < count; ++i)
        to[i] = byte(r[0], i) | byte(r[1], i) << 8 | byte(r[2], i) << 16 | byte(r[3], i) << 24;
      return;
    }
    for (std::int64_t i = 0; i < count; ++i) to[i] = byte(r[0], i);
    for (int k = 1; k < 3; ++k)
      if (r[k])
        for (std::int64_t i = 0; i < count; ++i) to[i] |= byte(r[k], i) << (8 * k);
  } else if (r[1]) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = word(r[0], i) | word(r[1], i) << 16;
  } else {
    for (std::int64_t i = 0; i < count; ++i) to[i] = word(r[0], i);
  }
}

template <bool kBytes>
void weave_words(const std::uint8_t* const* rows, std::int64_t count, bool is_signed, std::uint32_t* to) {
  if (is_signed) weave_rows<kBytes, std::int8_t, kBytes ? 0x80 : 0>(rows, count, to);
  else weave_rows<kBytes, std::uint8_t, 0>(rows, count, to);
}

template <typename W, int kPanel, int kVectors>
constexpr IntegerKernels kIntegerKernels{.rows = kPanel,
                                         .columns = kVectors* W::kLanes,
                                         .values = W::kValues,
                                         .bytes = W::kBytes,
                                         .run = &integer_tile<W, kPanel, kVectors>,
                                         .sum_rows = &sum_integer_rows<W, kPanel>,
                                         .sum_columns = &sum_integer_columns<W, kVectors>,
                                         .weave = &weave_words<W::kBytes>};

}  // namespace
}  // namespace vireo::ops
