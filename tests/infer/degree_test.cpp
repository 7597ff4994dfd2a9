// The degree of service under overload, on a made-up clock: what happens to the next frame.

#include "plugins/infer/degree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace vireo::infer {
namespace {

using namespace std::chrono_literals;
using Clock = Degree::Clock;

/// A camera and two networks that take a frame each at a time; the newest frame waits, as in a live stream.
class Machine {
 public:
  Clock::duration between = 10ms, work = 5ms, smaller_work = 2ms;
  Degree degree;
  std::vector<Degree::Plan> plans;

  void run(int frames) {
    for (int i = 0; i < frames; ++i) {
      now_ += between;
      finish_until(now_);
      degree.arrived(now_);
      const Degree::Plan plan = degree.plan(index_++, now_);
      plans.push_back(plan);
      if (!plan.infer) continue;
      waiting_ = Waiting{plan.smaller, now_};
      begin();
    }
  }
  [[nodiscard]] int inferred_of_last(int frames) const {
    return int(std::count_if(plans.end() - frames, plans.end(), [](const auto& plan) { return plan.infer; }));
  }
  [[nodiscard]] int smaller_of_last(int frames) const {
    return int(std::count_if(plans.end() - frames, plans.end(), [](const auto& plan) { return plan.smaller; }));
  }
  [[nodiscard]] Clock::time_point now() const { return now_; }

 private:
  struct Waiting {
    bool smaller;
    Clock::time_point since;
  };
  void begin() {
    if (busy_ || !waiting_) return;
    busy_ = waiting_;
    waiting_.reset();
    done_ = std::max(free_, busy_->since) + (busy_->smaller ? smaller_work : work);
  }
  void finish_until(Clock::time_point time) {
    while (busy_ && done_ <= time) {
      free_ = done_;
      degree.finished(busy_->smaller, busy_->since, done_);
      busy_.reset();
      begin();
    }
  }
  Clock::time_point now_{1h}, done_, free_{1h};
  std::uint64_t index_ = 0;
  std::optional<Waiting> busy_, waiting_;
};

TEST(Degree, LeavesAStreamAloneThatKeepsUp) {
  for (const auto policy : {OverloadPolicy::skip, OverloadPolicy::interval, OverloadPolicy::smaller}) {
    Machine machine;
    machine.degree.configure(policy, 1);
    machine.work = 9ms;
    machine.run(500);
    EXPECT_EQ(machine.inferred_of_last(500), 500);
    EXPECT_EQ(machine.smaller_of_last(500), 0);
    EXPECT_FALSE(machine.degree.overloaded());
    EXPECT_EQ(machine.degree.changes(), 0u);
    EXPECT_NEAR(machine.degree.load(), 0.9, 0.01);
  }
}

TEST(Degree, TellsOverloadAndItsEndWhereNothingElseChanges) {
  Machine machine;
  machine.degree.configure(OverloadPolicy::skip, 1);
  machine.work = 40ms;
  machine.run(100);
  EXPECT_TRUE(machine.degree.overloaded());
  EXPECT_NEAR(machine.degree.load(), 4, 0.1);
  EXPECT_EQ(machine.inferred_of_last(100), 100) << "the newest frame is always offered";
  machine.work = 5ms;
  machine.run(100);
  EXPECT_FALSE(machine.degree.overloaded());
  EXPECT_EQ(machine.degree.changes(), 2u);
}

TEST(Degree, InfersAsManyFramesAsTheNetworkTakes) {
  Machine machine;
  machine.degree.configure(OverloadPolicy::interval, 1);
  machine.work = 38ms;
  machine.run(200);
  EXPECT_EQ(machine.degree.interval(), 4);
  EXPECT_TRUE(machine.degree.overloaded());
  EXPECT_EQ(machine.inferred_of_last(100), 25);
  machine.work = 105ms;
  machine.run(400);
  EXPECT_GE(machine.degree.interval(), 11);
  EXPECT_LE(machine.degree.interval(), 13);
  machine.work = 5ms;
  machine.run(600);
  EXPECT_EQ(machine.degree.interval(), 1);
  EXPECT_FALSE(machine.degree.overloaded());
}

TEST(Degree, DoesNotGoToAndFroAtTheLimit) {
  Machine machine;
  machine.degree.configure(OverloadPolicy::interval, 1);
  machine.work = 19ms;  // two are just enough
  machine.run(300);
  const std::uint64_t settled = machine.degree.changes();
  for (int i = 0; i < 1000; ++i) {
    machine.work = i % 2 ? 17ms : 19ms;
    machine.run(1);
  }
  EXPECT_EQ(machine.degree.interval(), 2);
  EXPECT_EQ(machine.degree.changes(), settled);
}

TEST(Degree, NeverInfersMoreOftenThanTheUserWants) {
  Machine machine;
  machine.degree.configure(OverloadPolicy::interval, 3);
  machine.work = 25ms;
  machine.run(100);
  EXPECT_EQ(machine.degree.interval(), 3);
  EXPECT_FALSE(machine.degree.overloaded()) << "every third is what was asked for";
  machine.work = 45ms;
  machine.run(200);
  EXPECT_EQ(machine.degree.interval(), 5);
  machine.degree.configure(OverloadPolicy::skip, 3);
  EXPECT_EQ(machine.degree.interval(), 3);
}

TEST(Degree, GoesToTheSmallerNetworkAndBackWhenTheUsualOneKeepsUpAgain) {
  Machine machine;
  machine.degree.configure(OverloadPolicy::smaller, 1);
  machine.work = 40ms;
  machine.run(1000);  // ten seconds
  EXPECT_TRUE(machine.degree.smaller());
  EXPECT_GT(machine.smaller_of_last(900), 800) << "trials are few";
  EXPECT_LT(machine.smaller_of_last(900), 900) << "but there are some";
  const std::uint64_t before = machine.degree.changes();
  EXPECT_EQ(before, 1u) << "a trial that fails is no change";
  machine.work = 5ms;
  machine.run(3300);  // the longest patience
  EXPECT_FALSE(machine.degree.smaller());
  EXPECT_EQ(machine.smaller_of_last(50), 0);
  EXPECT_EQ(machine.degree.changes(), before + 1);
}

TEST(Degree, GoesBackWhenFramesComeMoreSlowly) {
  Machine machine;
  machine.degree.configure(OverloadPolicy::smaller, 1);
  machine.work = 40ms;
  machine.run(100);
  ASSERT_TRUE(machine.degree.smaller());
  machine.between = 100ms;
  machine.run(600);
  EXPECT_FALSE(machine.degree.smaller());
}

TEST(Degree, WaitsLongerEachTimeThatItCameBackTooEarly) {
  Machine machine;
  machine.degree.configure(OverloadPolicy::smaller, 1);
  // The usual network keeps up only while the machine is otherwise idle: for a second after each return.
  std::vector<double> stays;
  for (int swings = 0; swings < 4; ++swings) {
    machine.work = 40ms;
    const auto from = machine.now();
    while (!machine.degree.smaller()) machine.run(1);
    machine.work = 5ms;
    while (machine.degree.smaller()) machine.run(1);
    stays.push_back(std::chrono::duration<double>(machine.now() - from).count());
    machine.run(100);
  }
  for (std::size_t i = 1; i < stays.size(); ++i) EXPECT_GT(stays[i], stays[i - 1] * 1.5) << i;
}

TEST(Degree, TakesAPauseForNoRate) {
  Machine machine;
  machine.degree.configure(OverloadPolicy::interval, 1);
  machine.work = 38ms;
  machine.run(200);
  ASSERT_EQ(machine.degree.interval(), 4);
  machine.between = 20s;  // the camera was away
  machine.run(1);
  machine.between = 10ms;
  machine.run(200);
  EXPECT_EQ(machine.degree.interval(), 4);
}

}  // namespace
}  // namespace vireo::infer
