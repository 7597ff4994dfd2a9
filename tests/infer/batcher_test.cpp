// The batcher against a made-up network: out = 2 * in + 1 for every image, with gates to hold runs.

#include "plugins/infer/batcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "plugins/infer/cadence.h"
#include "plugins/infer/latency.h"
#include "plugins/infer/latency_window.h"

namespace vireo::infer {
namespace {

using namespace std::chrono_literals;

/// Doubles and adds one. Runs wait while the gate is closed.
class FakeBackend : public Backend {
 public:
  FakeBackend(int lanes, int batch, int concurrency = 1)
      : lanes_(lanes), batch_(batch), concurrency_(concurrency), inputs_(lanes * batch), results_(lanes * batch) {}
  int lanes() const noexcept override { return lanes_; }
  int max_batch() const noexcept override { return batch_; }
  int concurrency() const noexcept override { return concurrency_; }
  void* slot(int lane, int index) noexcept override { return &inputs_[lane * batch_ + index]; }

  Status run(int lane, int count) noexcept override {
    std::unique_lock lock(mutex_);
    ++running_;
    most_running_ = std::max(most_running_, running_);
    batches_.push_back(count);
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
    for (int i = 0; i < count; ++i) results_[lane * batch_ + i] = 2 * inputs_[lane * batch_ + i] + 1;
    --running_;
    return fail_ ? Status(ErrorCode::internal, "the device went away") : Status();
  }
  std::vector<sdk::TensorView> outputs(int lane, int index, int) override {
    return {{"out", DataType::float32, {1, 1}, &results_[lane * batch_ + index]}};
  }

  void gate(bool open) {
    std::lock_guard lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }
  void fail(bool on) {
    std::lock_guard lock(mutex_);
    fail_ = on;
  }
  void wait_for_batches(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return batches_.size() >= count; });
  }
  std::vector<int> batches() {
    std::lock_guard lock(mutex_);
    return batches_;
  }
  int most_running() {
    std::lock_guard lock(mutex_);
    return most_running_;
  }

 private:
  int lanes_, batch_, concurrency_;
  std::vector<float> inputs_, results_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true, fail_ = false;
  int running_ = 0, most_running_ = 0;
  std::vector<int> batches_;
};

/// Counts from any thread.
class Count {
 public:
  void add() {
    std::lock_guard lock(mutex_);
    ++value_;
    changed_.notify_all();
  }
  void wait_for(int value) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return value_ >= value; });
  }
  int value() {
    std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int value_ = 0;
};

struct NumberJob : Job {
  explicit NumberJob(float number, bool bad_prepare = false, bool bad_decode = false)
      : in(number), prepare_throws(bad_prepare), decode_throws(bad_decode) {}
  void prepare(const Slot& slot, int) override {
    if (prepare_throws) throw Error(ErrorCode::invalid_argument, "picture is torn");
    *static_cast<float*>(slot.memory()) = in;
    if (prepared) prepared->add();
  }
  void release() noexcept override {
    if (released) released->add();
  }
  void decode(std::span<const sdk::TensorView> outputs, int) override {
    if (decode_throws) throw Error(ErrorCode::unsupported, "unreadable");
    out = *outputs[0].as<float>();
  }
  float in, out = 0;
  bool prepare_throws, decode_throws;
  Count *prepared = nullptr, *released = nullptr;
};

/// Collects what a stream gets back.
struct Receiver {
  struct Item {
    float in, out;
    Outcome outcome;
  };
  Batcher::Deliver deliver() {
    return [this](std::unique_ptr<Job> job, const Outcome& outcome) {
      auto& number = static_cast<NumberJob&>(*job);
      ASSERT_FALSE(inside.exchange(true)) << "two deliveries at once";
      {
        std::lock_guard lock(mutex);
        items.push_back({number.in, number.out, outcome});
      }
      inside = false;
    };
  }
  std::atomic<bool> inside{false};
  std::mutex mutex;
  std::vector<Item> items;
};

TEST(Batcher, GivesEveryStreamItsOwnResultsInItsOwnOrder) {
  for (const int batch : {1, 4}) {
    FakeBackend backend(3, batch, 2);
    Batcher batcher(backend, 2);
    constexpr int kStreams = 5, kFrames = 400;
    std::vector<Receiver> receivers(kStreams);
    std::vector<std::thread> threads;
    for (int s = 0; s < kStreams; ++s) {
      threads.emplace_back([&, s] {
        auto stream = batcher.open({.max_inflight = 1 + s, .max_delay = 1ms * s}, receivers[s].deliver());
        for (int i = 0; i < kFrames; ++i) {
          ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(float(s * 10000 + i))));
        }
        stream->drain();
      });
    }
    for (auto& thread : threads) thread.join();
    for (int s = 0; s < kStreams; ++s) {
      ASSERT_EQ(receivers[s].items.size(), std::size_t(kFrames));
      for (int i = 0; i < kFrames; ++i) {
        const auto& item = receivers[s].items[i];
        EXPECT_EQ(item.outcome.fate, Fate::inferred);
        EXPECT_EQ(item.in, float(s * 10000 + i));
        EXPECT_EQ(item.out, 2 * item.in + 1);
      }
    }
    EXPECT_EQ(batcher.stats().images, std::uint64_t(kStreams * kFrames));
    EXPECT_LE(backend.most_running(), 2);
  }
}

TEST(Batcher, SendsAFullBatchWithoutWaitingForTheDeadline) {
  FakeBackend backend(2, 4);
  Batcher batcher(backend, 1);
  Receiver receiver;
  auto stream = batcher.open({.max_inflight = 4, .max_delay = 1h}, receiver.deliver());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(float(i))));
  backend.wait_for_batches(1);
  EXPECT_EQ(backend.batches(), std::vector<int>{4});
}

TEST(Batcher, SendsAPartialBatchWhenItsOldestFrameHasWaitedLongEnough) {
  FakeBackend backend(2, 8);
  Batcher batcher(backend, 1);
  Receiver receiver;
  auto stream = batcher.open({.max_inflight = 8, .max_delay = 20ms}, receiver.deliver());
  const auto start = Clock::now();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(float(i))));
  backend.wait_for_batches(1);
  EXPECT_GE(Clock::now() - start, 20ms);
  EXPECT_EQ(backend.batches()[0], 3);
}

TEST(Batcher, KeepsFillingAnOverdueBatchWhileTheDeviceIsBusy) {
  FakeBackend backend(2, 4, 1);
  Batcher batcher(backend, 1);
  Receiver receiver;
  Count prepared;
  backend.gate(false);
  auto stream = batcher.open({.max_inflight = 8}, receiver.deliver());
  ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(0.f)));
  backend.wait_for_batches(1);
  // Each is overdue as soon as it comes, yet none may go alone: the device could not start it.
  for (int i = 1; i <= 4; ++i) {
    auto job = std::make_unique<NumberJob>(float(i));
    job->prepared = &prepared;
    ASSERT_TRUE(stream->submit(std::move(job)));
    prepared.wait_for(i);
  }
  backend.gate(true);
  stream->drain();
  EXPECT_EQ(backend.batches(), (std::vector<int>{1, 4}));
  ASSERT_EQ(receiver.items.size(), 5u);
  for (const auto& item : receiver.items) EXPECT_EQ(item.out, 2 * item.in + 1);
}

TEST(Batcher, SendsFramesAtOnceWhereNoDelayIsWanted) {
  FakeBackend backend(2, 8);
  Batcher batcher(backend, 1);
  Receiver receivers[2];
  auto other = batcher.open({.max_inflight = 8, .max_delay = 1h}, receivers[1].deliver());
  auto stream = batcher.open({.max_inflight = 8, .max_delay = 0ms}, receivers[0].deliver());
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(float(i))));
    backend.wait_for_batches(std::size_t(i));
  }
  EXPECT_EQ(backend.batches(), (std::vector<int>{1, 1, 1}));
}

TEST(Batcher, DoesNotWaitForStreamsThatHaveStopped) {
  FakeBackend backend(2, 8);
  Batcher batcher(backend, 1);
  Receiver receivers[2];
  auto idle = batcher.open({.max_inflight = 8, .max_delay = 1h}, receivers[1].deliver());  // never brings any
  auto stream = batcher.open({.max_inflight = 8, .max_delay = 1h}, receivers[0].deliver());
  ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(1.f)));
  backend.wait_for_batches(1);  // in a quarter of a second instead of an hour
}

TEST(Batcher, DoesNotWaitForAStreamThatWaitsItself) {
  FakeBackend backend(2, 8);
  Batcher batcher(backend, 1);
  Receiver receiver;
  auto stream = batcher.open({.max_inflight = 2, .max_delay = 1h}, receiver.deliver());
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(float(i))));
  stream->drain();
  EXPECT_EQ(receiver.items.size(), 6u);
}

TEST(Batcher, DoesNotWaitForALiveStreamThatHasItsFrameInTheBatch) {
  FakeBackend backend(2, 8);
  Batcher batcher(backend, 1);
  Receiver receiver;
  auto stream = batcher.open({.max_inflight = 1, .newest_wins = true, .max_delay = 1h}, receiver.deliver());
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(float(i))));  // one waits
  backend.wait_for_batches(1);
  EXPECT_EQ(backend.batches()[0], 1);
}

TEST(Cadence, ExpectsAFrameByItsRate) {
  Cadence cadence;
  const Clock::time_point start{};
  EXPECT_FALSE(cadence.may_bring(start, start + 1h)) << "nothing has come yet";
  cadence.note(start);
  EXPECT_TRUE(cadence.may_bring(start, start + 1ms)) << "its rate is not known";
  for (int i = 1; i <= 10; ++i) cadence.note(start + i * 40ms);  // 25 frames a second
  const auto now = start + 400ms;
  EXPECT_FALSE(cadence.may_bring(now, now + 5ms)) << "a single camera's next frame comes long after the deadline";
  EXPECT_TRUE(cadence.may_bring(now, now + 20ms));
  EXPECT_TRUE(cadence.may_bring(now + 30ms, now + 35ms)) << "it is about to come";
  EXPECT_TRUE(cadence.may_bring(now + 60ms, now + 65ms)) << "it is late";
  EXPECT_FALSE(cadence.may_bring(now + 330ms, now + 335ms)) << "it has stopped";
}

TEST(Batcher, LetsADroppedFrameGoAtOnce) {
  FakeBackend backend(1, 1);
  Batcher batcher(backend, 1);
  Receiver receiver;
  Count released;
  backend.gate(false);
  auto stream = batcher.open({.max_inflight = 2, .newest_wins = true}, receiver.deliver());
  ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(0.f)));
  backend.wait_for_batches(1);
  for (int i = 1; i <= 6; ++i) {
    auto job = std::make_unique<NumberJob>(float(i));
    job->released = &released;
    ASSERT_TRUE(stream->submit(std::move(job)));
  }
  EXPECT_EQ(released.value(), 5) << "while the first one still runs";
  EXPECT_TRUE(stream->drop_waiting());
  EXPECT_FALSE(stream->drop_waiting());
  EXPECT_EQ(released.value(), 6);
  EXPECT_EQ(receiver.items.size(), 0u) << "in its place: behind the one that runs";
  backend.gate(true);
  stream->drain();
  EXPECT_EQ(receiver.items.size(), 7u);
}

TEST(Batcher, LeavesTheFramesOfAPausedStreamWhereTheyAre) {
  FakeBackend backend(2, 1);
  Batcher batcher(backend, 1);
  Receiver receivers[2];
  auto held = batcher.open({.max_inflight = 1, .newest_wins = true}, receivers[0].deliver());
  auto other = batcher.open({.max_inflight = 1}, receivers[1].deliver());
  held->pause(true);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(held->submit(std::make_unique<NumberJob>(float(i))));
  ASSERT_TRUE(other->submit(std::make_unique<NumberJob>(9.f)));
  other->drain();
  EXPECT_EQ(backend.batches().size(), 1u) << "the other stream goes on";
  held->pause(false);
  held->drain();
  ASSERT_EQ(receivers[0].items.size(), 3u);
  EXPECT_EQ(receivers[0].items[1].outcome.fate, Fate::dropped);
  EXPECT_EQ(receivers[0].items[2].outcome.fate, Fate::inferred) << "the newest";
}

TEST(Batcher, CancelsWithoutWaitingForWhatRuns) {
  FakeBackend backend(1, 2);
  Batcher batcher(backend, 1);
  Receiver receivers[2];
  backend.gate(false);
  auto a = batcher.open({.max_inflight = 4}, receivers[0].deliver());
  auto b = batcher.open({.max_inflight = 4}, receivers[1].deliver());
  ASSERT_TRUE(a->submit(std::make_unique<NumberJob>(1.f)));
  backend.wait_for_batches(1);
  ASSERT_TRUE(a->submit(std::make_unique<NumberJob>(2.f)));
  ASSERT_TRUE(b->submit(std::make_unique<NumberJob>(3.f)));
  a->cancel();  // the gate is closed: waiting would never end
  EXPECT_FALSE(a->submit(std::make_unique<NumberJob>(4.f)));
  a->flush_stop();
  ASSERT_TRUE(a->submit(std::make_unique<NumberJob>(5.f)));
  backend.gate(true);
  a->drain();
  b->drain();
  ASSERT_EQ(receivers[0].items.size(), 3u);
  EXPECT_EQ(receivers[0].items[0].outcome.fate, Fate::flushed);
  EXPECT_EQ(receivers[0].items[1].outcome.fate, Fate::flushed);
  EXPECT_EQ(receivers[0].items[2].in, 5.f);
  EXPECT_EQ(receivers[0].items[2].outcome.fate, Fate::inferred);
  EXPECT_EQ(receivers[0].items[2].out, 11.f);
  ASSERT_EQ(receivers[1].items.size(), 1u);
  EXPECT_EQ(receivers[1].items[0].outcome.fate, Fate::inferred);
}

TEST(Batcher, DropsTheOlderWaitingFrameOfALiveStreamAndReportsItInPlace) {
  FakeBackend backend(1, 1);
  Batcher batcher(backend, 1);
  Receiver receiver;
  backend.gate(false);
  auto stream = batcher.open({.max_inflight = 2, .newest_wins = true}, receiver.deliver());
  ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(0.f)));
  backend.wait_for_batches(1);
  for (int i = 1; i <= 6; ++i) ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(float(i))));
  backend.gate(true);
  stream->drain();
  ASSERT_EQ(receiver.items.size(), 7u);
  int inferred = 0;
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(receiver.items[i].in, float(i));
    inferred += receiver.items[i].outcome.fate == Fate::inferred;
  }
  EXPECT_EQ(receiver.items[6].outcome.fate, Fate::inferred) << "the newest wins";
  EXPECT_EQ(inferred, 2);
}

TEST(Batcher, BlocksAStreamThatMustKeepEveryFrame) {
  FakeBackend backend(1, 1);
  Batcher batcher(backend, 1);
  Receiver receiver;
  backend.gate(false);
  auto stream = batcher.open({.max_inflight = 2}, receiver.deliver());
  std::atomic<int> submitted{0};
  std::thread feeder([&] {
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(float(i))));
      ++submitted;
    }
  });
  backend.wait_for_batches(1);
  EXPECT_LE(submitted, 2);
  backend.gate(true);
  feeder.join();
  stream->drain();
  EXPECT_EQ(receiver.items.size(), 10u);
}

TEST(Batcher, FailsOnlyTheFrameThatCannotBePreparedOrDecoded) {
  FakeBackend backend(2, 3);
  Batcher batcher(backend, 2);
  Receiver receiver;
  auto stream = batcher.open({.max_inflight = 6, .max_delay = 5ms}, receiver.deliver());
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(float(i), i == 1, i == 4)));
  stream->drain();
  ASSERT_EQ(receiver.items.size(), 6u);
  for (int i = 0; i < 6; ++i) {
    const Outcome& outcome = receiver.items[i].outcome;
    EXPECT_EQ(outcome.fate, i == 1 || i == 4 ? Fate::failed : Fate::inferred);
    if (i == 1) {
      EXPECT_EQ(outcome.message, "picture is torn");
    }
    if (i == 4) {
      EXPECT_EQ(outcome.code, ErrorCode::unsupported);
    }
  }
}

TEST(Batcher, TellsEveryStreamOfABatchThatTheRunFailed) {
  FakeBackend backend(2, 4);
  backend.fail(true);
  Batcher batcher(backend, 1);
  Receiver receivers[2];
  auto a = batcher.open({.max_inflight = 2, .max_delay = 2ms}, receivers[0].deliver());
  auto b = batcher.open({.max_inflight = 2, .max_delay = 2ms}, receivers[1].deliver());
  ASSERT_TRUE(a->submit(std::make_unique<NumberJob>(1.f)));
  ASSERT_TRUE(b->submit(std::make_unique<NumberJob>(2.f)));
  a->drain();
  b->drain();
  for (auto& receiver : receivers) {
    ASSERT_EQ(receiver.items.size(), 1u);
    EXPECT_EQ(receiver.items[0].outcome.fate, Fate::failed);
    EXPECT_EQ(receiver.items[0].outcome.message, "the device went away");
  }
}

TEST(Batcher, FlushGivesWaitingFramesBackAndUnblocksTheFeeder) {
  FakeBackend backend(1, 1);
  Batcher batcher(backend, 1);
  Receiver receiver;
  backend.gate(false);
  auto stream = batcher.open({.max_inflight = 3}, receiver.deliver());
  std::atomic<bool> refused{false};
  std::thread feeder([&] {
    int i = 0;
    while (stream->submit(std::make_unique<NumberJob>(float(i)))) ++i;
    refused = true;
  });
  backend.wait_for_batches(1);
  std::thread opener([&] { backend.gate(true); });
  stream->flush_start();
  feeder.join();
  opener.join();
  EXPECT_TRUE(refused);
  const auto delivered = receiver.items.size();
  EXPECT_GE(delivered, 1u);
  stream->flush_stop();
  ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(99.f)));
  stream->drain();
  EXPECT_EQ(receiver.items.back().in, 99.f);
  EXPECT_EQ(receiver.items.back().outcome.fate, Fate::inferred);
}

TEST(Batcher, StreamsComeAndGoWhileOthersRun) {
  FakeBackend backend(3, 4, 2);
  Batcher batcher(backend, 2);
  std::atomic<bool> stop{false};
  Receiver steady;
  std::thread runner([&] {
    auto stream = batcher.open({.max_inflight = 3, .max_delay = 100us}, steady.deliver());
    for (int i = 0; !stop; ++i) ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(float(i % 1000))));
    stream->drain();
  });
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Receiver receiver;
    auto stream =
        batcher.open({.max_inflight = 4, .newest_wins = round % 2 == 0, .max_delay = 50us}, receiver.deliver());
    const int frames = int(random() % 6);
    for (int i = 0; i < frames; ++i) ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(float(i))));
    if (round % 3 == 0) stream->drain();
    stream.reset();
    EXPECT_EQ(receiver.items.size(), std::size_t(frames));
  }
  stop = true;
  runner.join();
  for (const auto& item : steady.items) ASSERT_EQ(item.out, 2 * item.in + 1);
}

TEST(LatencyWindow, ForgetsAllButTheLastDurations) {
  LatencyWindow window;
  EXPECT_EQ(window.percentile(0.9), 0);
  for (int i = 0; i < 100; ++i) window.add(1000);
  for (std::size_t i = 1; i <= LatencyWindow::kSize; ++i) window.add(std::int64_t(i));
  EXPECT_TRUE(window.full());
  EXPECT_EQ(window.percentile(1), std::int64_t(LatencyWindow::kSize));
  EXPECT_EQ(window.percentile(0), 1);
  EXPECT_EQ(window.percentile(0.9), 15) << "one of sixteen is an outlier";
  window.clear();
  EXPECT_FALSE(window.full());
}

TEST(LatencyHistogram, GivesPercentilesToTwoPercent) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.add(std::chrono::microseconds(i * 100));
  EXPECT_NEAR(histogram.percentile_ms(0.5), 50, 1.5);
  EXPECT_NEAR(histogram.percentile_ms(0.99), 99, 2.5);
  EXPECT_NEAR(histogram.percentile_ms(1), 100, 2.5);
  EXPECT_NEAR(histogram.mean_ms(), 50.05, 0.01);
}

}  // namespace
}  // namespace vireo::infer
