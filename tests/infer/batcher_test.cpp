// The batcher against a made-up network: who gets what, in which order, and when batches go out.

#include <atomic>
#include <random>
#include <thread>

#include "tests/infer/fake_backend.h"

namespace vireo::infer {
namespace {

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

}  // namespace
}  // namespace vireo::infer
