// The batcher where lanes compute in the threads that run them: who does what, and that nothing is lost over it.

#include <thread>

#include "tests/infer/fake_backend.h"

namespace vireo::infer {
namespace {

struct CallerBackend : FakeBackend {
  CallerBackend(int lanes, int batch) : FakeBackend(lanes, batch, lanes) { compute_in_caller(); }
};

TEST(BatcherInCaller, GivesEveryStreamItsOwnResultsInItsOwnOrder) {
  for (const int batch : {1, 4}) {
    CallerBackend backend(2, batch);
    Batcher batcher(backend, 1);
    constexpr int kStreams = 5, kFrames = 400;
    std::vector<Receiver> receivers(kStreams);
    std::vector<std::thread> threads;
    for (int s = 0; s < kStreams; ++s) {
      threads.emplace_back([&, s] {
        auto stream = batcher.open({.max_inflight = 1 + s, .max_delay = 1ms * s}, receivers[s].deliver());
        for (int i = 0; i < kFrames; ++i) {
          ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(float(s * 10000 + i))));
          if (i % 100 == 50) stream->drain();  // lanes fall asleep now and then
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

TEST(BatcherInCaller, GoesOnInTheThreadThatRan) {
  CallerBackend backend(1, 1);
  Batcher batcher(backend, 1);
  Receiver receiver;
  backend.gate(false);
  auto stream = batcher.open({.max_inflight = 4}, receiver.deliver());
  ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(0.f)));
  backend.wait_for_batches(1);
  Count prepared;
  for (int i = 1; i < 4; ++i) {
    auto job = std::make_unique<NumberJob>(float(i));
    job->prepared = &prepared;
    ASSERT_TRUE(stream->submit(std::move(job)));
  }
  backend.gate(true);
  prepared.wait_for(3);  // before drain(), which wakes everybody
  stream->drain();
  ASSERT_EQ(receiver.items.size(), 4u);
  const std::thread::id lane = receiver.items[0].delivered_by;
  EXPECT_NE(receiver.items[0].prepared_by, lane) << "it slept, so another one prepared";
  for (int i = 1; i < 4; ++i) {
    EXPECT_EQ(receiver.items[std::size_t(i)].prepared_by, lane);
    EXPECT_EQ(receiver.items[std::size_t(i)].delivered_by, lane);
  }
}

TEST(BatcherInCaller, SaysWhichFramesHaveCompany) {
  CallerBackend backend(2, 1);
  Batcher batcher(backend, 1);
  Receiver receiver;
  auto stream = batcher.open({.max_inflight = 2}, receiver.deliver());
  ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(0.f)));
  stream->drain();
  EXPECT_EQ(backend.beside(), 0);
  backend.gate(false);
  ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(1.f)));
  backend.wait_for_batches(2);
  const int before = backend.beside();  // not 0 where the thread that ran has not fallen asleep yet
  ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(2.f)));
  backend.wait_for_batches(3);
  EXPECT_EQ(backend.beside(), before + 1);
  backend.gate(true);
  stream->drain();
}

TEST(BatcherInCaller, TakesWhatCameMeanwhileIntoOneBatch) {
  CallerBackend backend(1, 4);
  Batcher batcher(backend, 1);
  Receiver receiver;
  backend.gate(false);
  auto stream = batcher.open({.max_inflight = 8}, receiver.deliver());
  ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(0.f)));
  backend.wait_for_batches(1);
  for (int i = 1; i <= 6; ++i) ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(float(i))));
  backend.gate(true);
  stream->drain();
  EXPECT_EQ(backend.batches(), (std::vector<int>{1, 4, 2}));
}

TEST(BatcherInCaller, KeepsTheDeadlineOfABatchThatALaneBegan) {
  CallerBackend backend(1, 4);
  Batcher batcher(backend, 1);
  Receiver receiver;
  backend.gate(false);
  auto stream = batcher.open({.max_inflight = 8, .max_delay = 30ms}, receiver.deliver());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(float(i))));
  backend.wait_for_batches(1);
  ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(4.f)));
  backend.gate(true);
  backend.wait_for_batches(2);  // without hurry: somebody looks after the deadline
  EXPECT_EQ(backend.batches(), (std::vector<int>{4, 1}));
  stream->drain();
}

TEST(BatcherInCaller, FlushGivesBackWhatWaitsAndWhatRuns) {
  CallerBackend backend(2, 1);
  Batcher batcher(backend, 1);
  Receiver receiver;
  backend.gate(false);
  auto stream = batcher.open({.max_inflight = 5}, receiver.deliver());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(float(i))));
  backend.wait_for_batches(2);
  stream->cancel();
  backend.gate(true);
  stream->flush_start();
  ASSERT_EQ(receiver.items.size(), 5u);
  for (const auto& item : receiver.items) EXPECT_EQ(item.outcome.fate, Fate::flushed);
  stream->flush_stop();
  ASSERT_TRUE(stream->submit(std::make_unique<NumberJob>(7.f)));
  stream->drain();
  EXPECT_EQ(receiver.items.back().out, 15.f);
}

}  // namespace
}  // namespace vireo::infer
