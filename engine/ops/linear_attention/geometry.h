#pragma once
// The extents of a linear attention layer, for its reference and its kernel. Value types, any thread.

#include <cstdint>

#include "engine/graph/operator.h"

namespace vireo::ops {

struct LinearAttention {
  std::int64_t batch = 1, entries = 0, heads = 1, key_heads = 1, depth = 0, width = 0;
  bool decays = false, corrects = false;
  bool decay_each = false;  ///< a decay for each row of the state, else one a head
  bool rate_each = false;   ///< a rate for each head, else one for all
  double scale = 1;
};

/// Inputs of the layer.
inline constexpr std::size_t kLinearState = 3, kLinearDecay = 4, kLinearRate = 5;

/// Of static extents that the shape rule has accepted. `decay`, `rate`: null where there is none.
[[nodiscard]] LinearAttention linear_attention_geometry(const graph::Attributes& attributes, const Dims& q,
                                                        const Dims& v, const Dims* decay, const Dims* rate);

}  // namespace vireo::ops
