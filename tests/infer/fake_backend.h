#pragma once
// A made-up network for tests of the batcher: out = 2 * in + 1 for every image, with gates to hold runs; its jobs and
// what collects them.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "plugins/infer/batcher.h"

namespace vireo::infer {

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
  Status run_beside(int lane, int count) noexcept override {
    ++beside_;
    return run(lane, count);
  }
  bool computes_in_caller() const noexcept override { return in_caller_; }
  std::vector<sdk::TensorView> outputs(int lane, int index, int) override {
    return {{"out", DataType::float32, {1, 1}, &results_[lane * batch_ + index]}};
  }

  /// Before a batcher has it.
  void compute_in_caller() { in_caller_ = true; }
  /// Runs beside which others were under way.
  [[nodiscard]] int beside() const { return beside_; }
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
  bool in_caller_ = false;
  std::atomic<int> beside_{0};
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
    by = std::this_thread::get_id();
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
  std::thread::id by;  ///< prepared
  Count *prepared = nullptr, *released = nullptr;
};

/// Collects what a stream gets back.
struct Receiver {
  struct Item {
    float in, out;
    Outcome outcome;
    std::thread::id prepared_by{}, delivered_by{};
  };
  Batcher::Deliver deliver() {
    return [this](std::unique_ptr<Job> job, const Outcome& outcome) {
      auto& number = static_cast<NumberJob&>(*job);
      ASSERT_FALSE(inside.exchange(true)) << "two deliveries at once";
      {
        std::lock_guard lock(mutex);
        items.push_back({number.in, number.out, outcome, number.by, std::this_thread::get_id()});
      }
      inside = false;
    };
  }
  std::atomic<bool> inside{false};
  std::mutex mutex;
  std::vector<Item> items;
};

}  // namespace vireo::infer
