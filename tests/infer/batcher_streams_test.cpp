// The batcher's streams: what is waited for and what not, live ones, pauses and cancelled frames; and the figures of
// time that this rests on.

#include "plugins/infer/cadence.h"
#include "plugins/infer/latency.h"
#include "plugins/infer/latency_window.h"
#include "tests/infer/fake_backend.h"

namespace vireo::infer {
namespace {

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
