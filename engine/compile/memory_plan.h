#pragma once
// Offsets for blocks that live from one stage to another, so that blocks alive at the same time never overlap and the
// arena is small. Pure functions; any thread.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vireo::compile {

struct Block {
  std::size_t bytes = 0;
  std::int32_t first = 0, last = 0;  ///< stages in which it is alive, both included
  std::size_t offset = 0;            ///< the answer, 64-byte aligned
};

/// Fills in the offsets; returns the arena's size. Largest blocks first, each in the tightest gap that fits.
/// Throws Error(out_of_memory) when the arena has more bytes than 63 bits count.
std::size_t plan_memory(std::vector<Block>& blocks);

/// Index pairs are never both alive and overlapping. For tests and debug builds.
[[nodiscard]] bool overlaps(const std::vector<Block>& blocks);

}  // namespace vireo::compile
