#pragma once
// The extents of an attention layer and which keys its queries see, for its reference and its kernels. Value types, any
// thread.

#include <algorithm>
#include <cstdint>

#include "engine/graph/operator.h"

namespace vireo::ops {

/// Distances in elements.
struct AttentionSteps {
  std::int64_t batch = 0, head = 0, row = 0;
  [[nodiscard]] std::int64_t at(std::int64_t b, std::int64_t h, std::int64_t r) const {
    return b * batch + h * head + r * row;
  }
};

struct AttentionGeometry {
  std::int64_t batch = 1, heads = 1, key_heads = 1, queries = 0, keys = 0, depth = 0, width = 0;
  bool flat_q = false, flat_k = false, flat_v = false;  ///< of rank 3: the heads of an entry lie one after the other

  // `pitch`: between the innermost rows of the tensor, whatever they are.
  [[nodiscard]] AttentionSteps q_steps(std::int64_t pitch) const { return steps(flat_q, heads, queries, depth, pitch); }
  [[nodiscard]] AttentionSteps k_steps(std::int64_t pitch) const {
    return steps(flat_k, key_heads, keys, depth, pitch);
  }
  [[nodiscard]] AttentionSteps v_steps(std::int64_t pitch) const {
    return steps(flat_v, key_heads, keys, width, pitch);
  }
  [[nodiscard]] AttentionSteps y_steps(std::int64_t pitch) const { return steps(flat_q, heads, queries, width, pitch); }

 private:
  [[nodiscard]] static AttentionSteps steps(bool flat, std::int64_t own_heads, std::int64_t rows, std::int64_t columns,
                                            std::int64_t pitch) {
    return flat ? AttentionSteps{rows * pitch, columns, pitch}
                : AttentionSteps{own_heads * rows * pitch, rows * pitch, pitch};
  }
};

/// The keys [first, end) that a query sees.
struct AttentionRange {
  std::int64_t first = 0, end = 0;
};

/// What hides keys by their place alone.
struct AttentionLimits {
  std::int64_t keys = 0;  ///< as many as the mask has columns, where those are fewer
  std::int64_t left = -1, right = -1;
  bool causal = false;
  bool offsets = false, lengths = false;            ///< there are such inputs,
  bool many_offsets = false, many_lengths = false;  ///< with a number for each entry of the batch

  [[nodiscard]] bool any() const { return left >= 0 || right >= 0 || causal || lengths; }
  /// Whether the lengths that came at run time are extents of the keys.
  [[nodiscard]] bool right_lengths(const std::int64_t* given, std::int64_t batch, std::int64_t all_keys) const {
    for (std::int64_t b = 0; lengths && b < (many_lengths ? batch : 1); ++b)
      if (given[b] < 0 || given[b] > all_keys) return false;
    return true;
  }
  [[nodiscard]] AttentionRange seen(std::int64_t b, std::int64_t query, const std::int64_t* given_offsets,
                                    const std::int64_t* given_lengths) const {
    constexpr std::int64_t kFar = std::int64_t{1} << 40;  // far outside of all keys, and sums don't overflow
    AttentionRange range{0, keys};
    std::int64_t place = query;
    if (offsets) place += std::clamp(given_offsets[many_offsets ? b : 0], -kFar, kFar);
    if (lengths) range.end = std::min(range.end, given_lengths[many_lengths ? b : 0]);
    if (causal) range.end = std::min(range.end, place + 1);
    if (right >= 0) range.end = std::min(range.end, place + std::min(right, kFar) + 1);
    if (left >= 0) range.first = std::max(range.first, place - std::min(left, kFar));
    if (range.end <= range.first) range = {};
    return range;
  }
};

/// Inputs of the layer.
inline constexpr std::size_t kAttentionMask = 3, kAttentionOffsets = 4, kAttentionLengths = 5, kAttentionSinks = 6;

/// Of static extents that the shape rule has accepted.
[[nodiscard]] AttentionGeometry attention_geometry(const graph::Attributes& attributes, const Dims& q, const Dims& k,
                                                   const Dims& v);
/// `inputs`: the extents of all inputs of the layer, null for absent ones.
[[nodiscard]] AttentionLimits attention_limits(const graph::Attributes& attributes, const AttentionGeometry& geometry,
                                               const std::vector<const Dims*>& inputs);
/// The same of a problem for kernels.
[[nodiscard]] AttentionLimits attention_limits(const graph::Problem& problem, const AttentionGeometry& geometry);
/// The attribute `scale`, or 1 / sqrt(depth).
[[nodiscard]] double attention_scale(const graph::Attributes& attributes, const AttentionGeometry& geometry);
/// The extents that the mask is broadcast to: as many columns as it has, where those are not one.
[[nodiscard]] Dims attention_mask_extents(const AttentionGeometry& geometry, const Dims& mask);

}  // namespace vireo::ops
