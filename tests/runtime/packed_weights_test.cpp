#include "engine/plan/packed_weights.h"

#include <gtest/gtest.h>

#include <cstring>

#include "engine/api/error.h"
#include "engine/base/memory.h"

namespace vireo::plan {
namespace {

graph::FillPacked fill_with(char value, std::size_t bytes, int* calls) {
  return [=](std::byte* block) {
    ++*calls;
    std::memset(block, value, bytes);
  };
}

TEST(PackedWeightStore, a_block_is_made_once_while_somebody_holds_it) {
  PackedWeightStore packs;
  int calls = 0;
  auto first = packs.get("k", 100, fill_with(1, 100, &calls));
  const auto second = packs.get("k", 100, fill_with(2, 100, &calls));
  EXPECT_EQ(first, second);
  EXPECT_EQ(calls, 1);
  EXPECT_NE(packs.get("other", 100, fill_with(3, 100, &calls)), first);
  EXPECT_EQ(calls, 2);
}

TEST(PackedWeightStore, a_block_that_is_not_kept_goes_with_its_last_user) {
  PackedWeightStore packs;
  int calls = 0;
  packs.get("k", 100, fill_with(1, 100, &calls));
  packs.get("k", 100, fill_with(1, 100, &calls));
  EXPECT_EQ(calls, 2);
  EXPECT_TRUE(packs.blocks().empty());
  packs.keep(true);
  packs.get("k", 100, fill_with(1, 100, &calls));
  packs.get("k", 100, fill_with(1, 100, &calls));
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(packs.blocks().size(), 1u);
}

TEST(PackedWeightStore, a_block_of_another_size_is_another_block) {
  PackedWeightStore packs;
  int calls = 0;
  const auto small = packs.get("k", 100, fill_with(1, 100, &calls));
  const auto large = packs.get("k", 100'000, fill_with(2, 100'000, &calls));
  EXPECT_NE(small, large);
  EXPECT_EQ(large.get()[99'999], std::byte{2});
  EXPECT_EQ(small.get()[99], std::byte{1});
  EXPECT_EQ(calls, 2);
}

TEST(PackedWeightStore, blocks_of_a_file_are_checked_by_one_thread_and_by_several) {
  constexpr std::size_t kBytes = (std::size_t{5} << 20) + 12345;  // several pieces and a rest
  PackedWeightStore maker;
  maker.keep(true);
  int calls = 0;
  maker.get("k", kBytes, fill_with(7, kBytes, &calls));
  const PackedWeightStore::Block good = maker.blocks().at(0);
  for (const std::size_t at : {std::size_t{0}, std::size_t{3} << 20, kBytes - 1, kBytes}) {
    const auto copy = base::allocate_aligned(kBytes);
    std::memcpy(copy.get(), good.data.get(), kBytes);
    if (at < kBytes) copy.get()[at] ^= std::byte{1};
    for (const int threads : {0, 1, 3}) {
      PackedWeightStore packs;
      packs.add({"k", copy, kBytes, good.checksum}, "plan 'p'");
      const auto use = [&] {
        if (threads > 0) packs.check(threads);
        EXPECT_EQ(packs.get("k", kBytes, fill_with(0, kBytes, &calls)), copy);
      };
      if (at < kBytes) EXPECT_THROW(use(), Error) << at << ", " << threads;
      else EXPECT_NO_THROW(use());
    }
  }
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace vireo::plan
