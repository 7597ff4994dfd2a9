#include "engine/plan/packed_weights.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <latch>
#include <thread>

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
  packs.keep(PackedWeightStore::Keep::all);
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

TEST(PackedWeightStore, blocks_of_a_file_are_checked_when_they_are_asked_for) {
  constexpr std::size_t kBytes = (std::size_t{5} << 20) + 12345;
  PackedWeightStore maker;
  maker.keep(PackedWeightStore::Keep::all);
  int calls = 0;
  maker.get("k", kBytes, fill_with(7, kBytes, &calls));
  const PackedWeightStore::Block good = maker.blocks().at(0);
  for (const std::size_t at : {std::size_t{0}, std::size_t{3} << 20, kBytes - 1, kBytes}) {
    const auto copy = base::allocate_aligned(kBytes);
    std::memcpy(copy.get(), good.data.get(), kBytes);
    if (at < kBytes) copy.get()[at] ^= std::byte{1};
    PackedWeightStore packs;
    packs.add({"k", copy, kBytes, good.checksum}, "plan 'p'");
    const auto use = [&] { EXPECT_EQ(packs.get("k", kBytes, fill_with(0, kBytes, &calls)), copy); };
    if (at < kBytes) EXPECT_THROW(use(), Error) << at;
    else EXPECT_NO_THROW(use());
  }
  EXPECT_EQ(calls, 1);
}

TEST(PackedWeightStore, different_blocks_are_made_at_the_same_time_and_the_same_one_once) {
  PackedWeightStore packs;
  std::latch both(2);  // neither gets on alone
  std::atomic<int> made{0};
  const auto make = [&](const std::string& key) {
    return packs.get(key, 64, [&](std::byte*) {
      ++made;
      both.arrive_and_wait();
    });
  };
  std::jthread other([&] { (void)make("a"); });
  (void)make("b");
  other.join();
  EXPECT_EQ(made, 2);
  std::vector<std::jthread> many;
  std::atomic<int> calls{0};
  std::vector<std::shared_ptr<const std::byte>> got(8);
  for (auto& block : got) many.emplace_back([&] { block = packs.get("c", 64, [&](std::byte*) { ++calls; }); });
  many.clear();
  EXPECT_EQ(calls, 1);
}

TEST(PackedWeightStore, small_blocks_stay_where_only_those_shall) {
  PackedWeightStore packs;
  packs.keep(PackedWeightStore::Keep::small);
  int calls = 0;
  packs.get("small", PackedWeightStore::kSmall, fill_with(1, PackedWeightStore::kSmall, &calls));
  packs.get("large", PackedWeightStore::kSmall + 1, fill_with(2, PackedWeightStore::kSmall + 1, &calls));
  ASSERT_EQ(packs.blocks().size(), 1u);
  EXPECT_EQ(packs.blocks()[0].key, "small");
}

}  // namespace
}  // namespace vireo::plan
