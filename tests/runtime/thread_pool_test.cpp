#include "engine/device/cpu/thread_pool.h"

#include <gtest/gtest.h>

#include <thread>

namespace vireo::device {
namespace {

/// Rounds of items: a round opens when all items of the one before are done, as stages do.
struct Rounds {
  ThreadPool* pool;
  int items, rounds;
  std::atomic<std::uint64_t> claim{0};  // round << 32 | item
  std::atomic<int> done{0}, in_round{0}, wrong{0}, total{0};

  static bool body(void* self, int) noexcept { return static_cast<Rounds*>(self)->take(); }
  bool take() noexcept {
    for (;;) {
      std::uint64_t c = claim.load();
      const int round = static_cast<int>(c >> 32);
      if (round >= rounds) return true;
      if (static_cast<int>(c & 0xffffffff) >= items) return false;
      if (!claim.compare_exchange_weak(c, c + 1)) continue;
      if (in_round.load() != round) ++wrong;
      ++total;
      if (done.fetch_add(1) + 1 == items) {
        done = 0;
        in_round = round + 1;
        claim = static_cast<std::uint64_t>(round + 1) << 32;
        pool->signal();
      }
    }
  }
};

TEST(ThreadPool, does_every_item_once_and_no_round_before_its_time) {
  for (int workers : {1, 2, 5}) {
    ThreadPool pool(workers);
    for (int repeat = 0; repeat < 20; ++repeat) {
      Rounds rounds{&pool, 3, 200};
      pool.run(&Rounds::body, &rounds);
      EXPECT_EQ(rounds.total, 600) << workers;
      EXPECT_EQ(rounds.wrong, 0) << workers;
    }
  }
}

TEST(ThreadPool, nobody_is_inside_the_body_behind_run) {
  ThreadPool pool(4);
  for (int repeat = 0; repeat < 2000; ++repeat) {
    Rounds rounds{&pool, 1, 2};  // on the stack: a late worker would be seen by the sanitizers
    pool.run(&Rounds::body, &rounds);
    ASSERT_EQ(rounds.total, 2);
  }
}

TEST(ThreadPool, callers_of_several_threads_queue) {
  ThreadPool pool(2);
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t)
    callers.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        Rounds rounds{&pool, 2, 20};
        pool.run(&Rounds::body, &rounds);
        wrong += rounds.wrong + (rounds.total != 40);
      }
    });
  for (std::thread& t : callers) t.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace vireo::device
