#pragma once
// What attention does with rows of scores between its two products. Light: kernel bodies include it.

#include <cstdint>

namespace vireo::ops {

struct AttentionRows {
  /// x = e^(scale x + mask - the greatest of the row) and factors[i] = 1 / their sum; a row that is hidden wholly
  /// becomes zeros, and its factor is 0. mask: null, or its first row. scale > 0. A vector after each row is
  /// overwritten.
  void (*exponentials)(float* x, std::int64_t stride, std::int64_t rows, std::int64_t keys, float scale,
                       const float* mask, std::int64_t mask_stride, float* factors) noexcept;
  /// y = factors[i] y
  void (*scale)(float* y, std::int64_t stride, std::int64_t rows, std::int64_t columns, const float* factors) noexcept;
};
[[nodiscard]] AttentionRows attention_rows_avx2();
[[nodiscard]] AttentionRows attention_rows_avx512();
[[nodiscard]] AttentionRows attention_rows_portable();

}  // namespace vireo::ops
