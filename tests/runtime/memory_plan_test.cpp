#include "engine/compile/memory_plan.h"

#include <gtest/gtest.h>

#include <random>

namespace vireo::compile {
namespace {

TEST(MemoryPlan, blocks_that_never_meet_share_memory) {
  std::vector<Block> blocks{{1000, 0, 1}, {1000, 2, 3}, {1000, 4, 5}};
  EXPECT_LE(plan_memory(blocks), 1152u);
  EXPECT_FALSE(overlaps(blocks));
}

TEST(MemoryPlan, blocks_alive_together_lie_apart_in_random_schedules) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  for (int round = 0; round < 50; ++round) {
    std::vector<Block> blocks;
    std::size_t total = 0;
    for (int i = 0; i < 40; ++i) {
      const int first = static_cast<int>(random() % 60);
      blocks.push_back({random() % 5000, first, first + static_cast<int>(random() % 10)});
      total += blocks.back().bytes + 128;
    }
    const std::size_t arena = plan_memory(blocks);
    EXPECT_FALSE(overlaps(blocks)) << "seed " << seed;
    EXPECT_LE(arena, total) << "seed " << seed;
    for (const Block& b : blocks) {
      EXPECT_EQ(b.offset % 64, 0u);
      EXPECT_LE(b.offset + b.bytes, arena);
    }
  }
}

}  // namespace
}  // namespace vireo::compile
