#pragma once
// The extents of a rotary embedding, for its reference and its kernels. Value types, any thread.

#include <cstdint>

#include "engine/graph/operator.h"

namespace vireo::ops {

struct RotaryGeometry {
  std::int64_t batch = 1, heads = 1, entries = 0, depth = 0;
  std::int64_t turned = 0;     ///< the first so many of a head's elements; the rest stay as they are
  std::int64_t positions = 0;  ///< rows of the tables, with positions; else the tables have a row for each entry
  bool flat = false, interleaved = false;
  bool has_positions = false, each = false;  ///< each: a position for every entry, else that of the first entry
  bool many = false;                         ///< positions of the first entry differ in the batch
  [[nodiscard]] std::int64_t half() const { return turned / 2; }
  /// Elements from the start of the tensor whose rows are `pitch` apart.
  [[nodiscard]] std::int64_t at(std::int64_t b, std::int64_t head, std::int64_t entry, std::int64_t pitch) const {
    return flat ? (b * entries + entry) * pitch + head * depth : ((b * heads + head) * entries + entry) * pitch;
  }
  /// The row of the tables, -1 where the position is none of theirs. `given` may be null.
  template <typename T>
  [[nodiscard]] std::int64_t row(const T* given, std::int64_t b, std::int64_t entry) const {
    if (!has_positions) return b * entries + entry;
    const auto position = static_cast<std::int64_t>(given[each ? b * entries + entry : many ? b : 0]);
    const std::int64_t further = each ? 0 : entry;
    return position < 0 || position >= positions - further ? -1 : position + further;
  }
};

/// Of static extents that the shape rule has accepted. `positions`: null where there are none.
[[nodiscard]] RotaryGeometry rotary_geometry(const graph::Attributes& attributes, const Dims& x, const Dims& table,
                                             const Dims* positions);

inline constexpr const char* kRotaryFault = "rotary_embedding: a position is outside of the tables";

}  // namespace vireo::ops
