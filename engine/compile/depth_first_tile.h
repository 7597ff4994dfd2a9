#pragma once
// How a group runs: the state of its launch and the tile function. For group.cpp alone.

#include <array>
#include <vector>

#include "engine/graph/tactic.h"

namespace vireo::compile {

/// One layer of a group.
struct DepthFirstMember {
  graph::Rows rows;
  std::size_t inputs = 0;       ///< of the layer
  std::size_t first_input = 0;  ///< of the step: where its own begin (without input 0 from the second member on)
  // The tensor it hands on; not used by the last.
  std::int64_t row_bytes = 0;
  std::int64_t capacity = 0;  ///< rows that its buffer holds
  std::size_t offset = 0;     ///< of the buffer, in scratch
};

struct DepthFirstState {
  std::vector<DepthFirstMember> members;
  std::int64_t images = 1, bands = 1;
  std::int64_t chunk = 1;          ///< rows of the last layer made at a time
  std::size_t member_scratch = 0;  ///< offset of the scratch that members share
};

struct RowRange {
  std::int64_t begin = 0, end = 0;
  [[nodiscard]] std::int64_t size() const { return end - begin; }
};
/// Rows of its input that rows `out` of a layer read, out of `count`.
[[nodiscard]] RowRange rows_read(const graph::Rows& rows, RowRange out, std::int64_t count) noexcept;

void run_depth_first(const graph::TileArgs& args) noexcept;

}  // namespace vireo::compile
