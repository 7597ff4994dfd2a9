#pragma once
// What attention does with rows of scores between its two products, and both products for a few queries, whose keys
// and values are read once and not worth packing. Light: kernel bodies include it.

#include <cstdint>

namespace vireo::ops {

/// What a query has seen so far: of its weights e^(score - top) the sum and, apart, the sum of values.
struct AttentionSeen {
  float top = 0, sum = 0;
};

struct AttentionRows {
  /// x = e^(scale x - the greatest of the row) and factors[i] = 1 / their sum; a row that is hidden wholly becomes
  /// zeros, and its factor is 0. scale > 0. `sink`: one more score, already scaled; -infinity for none. A vector after
  /// each row is overwritten.
  void (*exponentials)(float* x, std::int64_t stride, std::int64_t rows, std::int64_t keys, float scale, float sink,
                       float* factors) noexcept;
  /// x = scale x + mask, -infinity where the mask is that.
  void (*add_mask)(float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns, float scale,
                   const float* mask, std::int64_t mask_stride) noexcept;
  /// x = cap tanh(scale x / cap)
  void (*cap)(float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns, float scale, float cap) noexcept;
  /// y = factors[i] y
  void (*scale)(float* y, std::int64_t stride, std::int64_t rows, std::int64_t columns, const float* factors) noexcept;
  /// scores[i * pitch + j] = q row i · k row j
  void (*dots)(const float* q, std::int64_t q_pitch, std::int64_t rows, const float* k, std::int64_t k_pitch,
               std::int64_t keys, std::int64_t depth, float* scores, std::int64_t pitch) noexcept;
  /// One query goes on to `keys` more keys: scores become weights, values are added to `sums`.
  void (*absorb)(float* scores, std::int64_t keys, const float* v, std::int64_t v_pitch, std::int64_t width,
                 float* sums, AttentionSeen& seen) noexcept;
};
[[nodiscard]] AttentionRows attention_rows_avx2();
[[nodiscard]] AttentionRows attention_rows_avx512();
[[nodiscard]] AttentionRows attention_rows_portable();

}  // namespace vireo::ops
