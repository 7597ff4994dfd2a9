#pragma once
// The extents of an attention layer, for its reference and its kernels. Value types, any thread.

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
  bool flat = false;  ///< tensors of rank 3: the heads of an entry lie one after the other
  [[nodiscard]] AttentionSteps steps(std::int64_t own_heads, std::int64_t rows, std::int64_t columns,
                                     std::int64_t pitch) const {
    return flat ? AttentionSteps{rows * pitch, columns, pitch}
                : AttentionSteps{own_heads * rows * pitch, rows * pitch, pitch};
  }
};

/// Of static extents that the shape rule has accepted.
[[nodiscard]] AttentionGeometry attention_geometry(const graph::Attributes& attributes, const Dims& q, const Dims& k,
                                                   const Dims& v);
/// The attribute `scale`, or 1 / sqrt(depth).
[[nodiscard]] double attention_scale(const graph::Attributes& attributes, const AttentionGeometry& geometry);

}  // namespace vireo::ops
