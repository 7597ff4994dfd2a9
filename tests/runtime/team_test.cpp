#include "engine/base/team.h"

#include <gtest/gtest.h>

#include <thread>

namespace vireo::base {
namespace {

struct Count {
  Team* team;
  std::atomic<int> before{0}, wrong{0}, done{0};
};

TEST(Team, runs_the_body_once_on_each_worker) {
  for (int workers : {1, 2, 5}) {
    Team team(workers);
    Count count{&team};
    for (int i = 0; i < 100; ++i)
      team.run([](void* c, int) noexcept { ++static_cast<Count*>(c)->done; }, &count);
    EXPECT_EQ(count.done, 100 * workers);
  }
}

TEST(Team, nobody_passes_the_barrier_before_all_have_arrived) {
  Team team(3);
  Count count{&team};
  team.run(
      [](void* p, int) noexcept {
        auto& c = *static_cast<Count*>(p);
        for (int round = 1; round <= 500; ++round) {
          ++c.before;
          c.team->barrier().wait();
          if (c.before < 3 * round) ++c.wrong;
          c.team->barrier().wait();
        }
      },
      &count);
  EXPECT_EQ(count.before, 1500);
  EXPECT_EQ(count.wrong, 0);
}

TEST(Team, callers_of_several_threads_queue) {
  Team team(2);
  Count count{&team};
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t)
    callers.emplace_back([&] {
      for (int i = 0; i < 200; ++i)
        team.run(
            [](void* p, int) noexcept {
              auto& c = *static_cast<Count*>(p);
              if (++c.before > 2) ++c.wrong;  // two regions at once
              c.team->barrier().wait();
              --c.before;
              c.team->barrier().wait();
            },
            &count);
    });
  for (std::thread& t : callers) t.join();
  EXPECT_EQ(count.wrong, 0);
}

}  // namespace
}  // namespace vireo::base
