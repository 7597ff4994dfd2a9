#include "engine/compile/memory_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/compile/marked_memory.h"

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

/// What words of marked tensors hold, run after run: never the mark that somebody waits for before its own writer came.
void expect_marks_tell(const std::vector<MarkedBlock>& blocks, std::size_t bytes, unsigned seed) {
  std::vector<std::size_t> order(blocks.size());
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return blocks[a].block.first < blocks[b].block.first; });
  std::vector<int> words(bytes / 16 + 1, 0);
  for (int run = 1; run < 5; ++run)
    for (const std::size_t k : order) {
      const Block& b = blocks[k].block;
      ASSERT_EQ(b.offset % 16, 0u);
      const int mark = blocks[k].mark ^ (run % 2 ? 2 : 0);
      ASSERT_LT(blocks[k].mark, 4);
      ASSERT_LE(b.offset + b.bytes, bytes);
      for (std::size_t word = b.offset / 16; word < (b.offset + b.bytes) / 16; ++word) {
        if (!blocks[k].shares && word % 3 == 0) continue;  // one that is not written whole: nobody reads these
        ASSERT_NE(words[word], mark) << "seed " << seed << ", block " << k << ", run " << run;
        words[word] = mark;
      }
    }
}

TEST(MarkedMemory, a_word_says_whose_it_is_in_random_schedules) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  std::size_t taken = 0, all = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<MarkedBlock> blocks;
    const int count = 1 + static_cast<int>(random() % 50), kinds = 1 + static_cast<int>(random() % 6);
    for (int k = 0; k < count; ++k) {
      const int first = k / 2;
      const Block block{16 << (random() % static_cast<unsigned>(kinds)) << 4, first,
                        first + static_cast<int>(random() % 4), 0};
      blocks.push_back({block, random() % 8 != 0});
      all += block.bytes;
    }
    const std::size_t bytes = plan_marked(blocks);
    taken += bytes;
    expect_marks_tell(blocks, bytes, seed);
    for (std::size_t a = 0; a < blocks.size(); ++a)
      for (std::size_t b = 0; b < a; ++b) {
        const Block &x = blocks[a].block, &y = blocks[b].block;
        const bool same_place = x.offset < y.offset + y.bytes && y.offset < x.offset + x.bytes;
        if (!same_place) continue;
        EXPECT_TRUE(x.first >= y.last + 2 || y.first >= x.last + 2) << "seed " << seed;
        EXPECT_TRUE(blocks[a].shares && blocks[b].shares) << "seed " << seed;
      }
  }
  EXPECT_LT(taken, all * 2 / 3);
}

}  // namespace
}  // namespace vireo::compile
