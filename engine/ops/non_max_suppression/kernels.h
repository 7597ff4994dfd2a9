#pragma once
// The parts of non_max_suppression that take its time, a vector at a time: finding the scores above the floor, and one
// box against those already kept. Bound: reading the scores, then kept boxes times candidates. Light: kernel bodies
// include it.

#include <cstdint>

namespace vireo::ops {

/// Boxes kept so far, a column for each edge; y1 <= y2 and x1 <= x2 where the box has an area.
struct KeptBoxes {
  const float *y1, *x1, *y2, *x2, *area;
  std::int64_t count;
};

struct SuppressionKernels {
  /// Writes the positions of the n scores that are above the floor, in order, and returns how many; `positions` holds
  /// n.
  std::int64_t (*above)(const float* scores, std::int64_t n, float floor, std::int32_t* positions) noexcept;
  /// Whether the box shares more than `limit` of the common area with one that is kept.
  bool (*overlaps)(const KeptBoxes& kept, const float (&box)[4], float area, float limit) noexcept;
};
[[nodiscard]] SuppressionKernels suppression_kernels_avx2();
[[nodiscard]] SuppressionKernels suppression_kernels_avx512();
[[nodiscard]] SuppressionKernels suppression_kernels_portable();

}  // namespace vireo::ops
