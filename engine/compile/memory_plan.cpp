#include "engine/compile/memory_plan.h"

#include <algorithm>
#include <numeric>

#include "engine/base/memory.h"

namespace vireo::compile {

std::size_t plan_memory(std::vector<Block>& blocks) {
  std::vector<std::size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return blocks[a].bytes != blocks[b].bytes ? blocks[a].bytes > blocks[b].bytes : blocks[a].first < blocks[b].first;
  });
  std::size_t arena = 0;
  std::vector<const Block*> placed, alive;
  for (std::size_t index : order) {
    Block& block = blocks[index];
    // 64 bytes of padding: kernels may load a whole vector at the end of a tensor.
    const std::size_t bytes = base::padded(block.bytes);
    alive.clear();
    for (const Block* other : placed)
      if (other->first <= block.last && block.first <= other->last) alive.push_back(other);
    std::sort(alive.begin(), alive.end(), [](const Block* a, const Block* b) { return a->offset < b->offset; });
    std::size_t best = SIZE_MAX, best_gap = SIZE_MAX, end = 0;
    for (const Block* other : alive) {
      if (other->offset >= end && other->offset - end >= bytes && other->offset - end < best_gap) {
        best = end;
        best_gap = other->offset - end;
      }
      end = std::max(end, other->offset + base::padded(other->bytes));
    }
    block.offset = best != SIZE_MAX ? best : end;
    arena = std::max(arena, base::checked_sum(block.offset, bytes));
    placed.push_back(&block);
  }
  return arena;
}

bool overlaps(const std::vector<Block>& blocks) {
  for (std::size_t i = 0; i < blocks.size(); ++i)
    for (std::size_t j = i + 1; j < blocks.size(); ++j) {
      const Block &a = blocks[i], &b = blocks[j];
      const bool same_time = a.first <= b.last && b.first <= a.last;
      const bool same_place = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
      if (same_time && same_place) return true;
    }
  return false;
}

}  // namespace vireo::compile
