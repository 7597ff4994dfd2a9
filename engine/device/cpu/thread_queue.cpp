// A queue that is a thread: its own, or, for mixed programs, the place where the host's part of the work runs.

#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#include "engine/base/text.h"
#include "engine/device/cpu/cpu_device.h"
#include "engine/device/cpu/executor.h"

namespace vireo::device {
namespace {

class ThreadEvent final : public Event {
 public:
  Status wait() const noexcept override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
    return status_;
  }
  [[nodiscard]] bool done() const noexcept override {
    const std::lock_guard lock(mutex_);
    return done_;
  }
  void reach(const Status& status) noexcept {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
      status_ = status;
    }
    changed_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool done_ = false;
  Status status_;
};

struct Copy {
  std::byte* to = nullptr;
  const std::byte* from = nullptr;
  std::size_t bytes = 0;
};

class ThreadQueue final : public Queue {
 public:
  ThreadQueue() : thread_([this] { work(); }) {}
  ~ThreadQueue() override {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    added_.notify_all();
    thread_.join();
  }

  void run(std::shared_ptr<HostWork> work) override {
    Job job;
    job.work = std::move(work);
    push(std::move(job));
  }
  void copy(const Region& to, const Region& from, std::size_t bytes) override {
    Job job;
    job.copy = {to.host, from.host, bytes};
    push(std::move(job));
  }
  void run(Executable& executable, std::span<const Region> bindings) override {
    run(std::make_shared<ExecutorRun>(dynamic_cast<Executor&>(executable), bindings));
  }
  [[nodiscard]] std::shared_ptr<Event> record() override {
    Job job;
    job.event = std::make_shared<ThreadEvent>();
    std::shared_ptr<Event> event = job.event;
    push(std::move(job));
    return event;
  }
  Status synchronize() noexcept override {
    std::unique_lock lock(mutex_);
    // Not until the queue is empty: others may go on enqueueing.
    progressed_.wait(lock, [this, until = pushed_] { return finished_ >= until; });
    const Status status = first_error_;
    first_error_ = {};
    return status;
  }

 private:
  /// One of the three.
  struct Job {
    std::shared_ptr<HostWork> work;
    std::shared_ptr<ThreadEvent> event;
    Copy copy;
  };

  void push(Job job) {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(job));
      ++pushed_;
    }
    added_.notify_one();
  }

  void work() noexcept {
    std::unique_lock lock(mutex_);
    for (;;) {
      added_.wait(lock, [this] { return stop_ || !queue_.empty(); });
      if (queue_.empty()) return;  // stop is honoured once the queue is empty
      Job job = std::move(queue_.front());
      queue_.pop_front();
      const Status before = first_error_;
      lock.unlock();
      Status status;
      if (job.work) status = job.work->run();
      else if (job.event) job.event->reach(before);
      else if (job.copy.bytes) std::memcpy(job.copy.to, job.copy.from, job.copy.bytes);
      job = {};  // what it held goes before anybody is told that it is done
      lock.lock();
      if (!status.ok() && first_error_.ok()) first_error_ = status;
      ++finished_;
      progressed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable added_, progressed_;
  std::deque<Job> queue_;
  std::uint64_t pushed_ = 0, finished_ = 0;
  bool stop_ = false;
  Status first_error_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Queue> create_thread_queue() {
  try {
    return std::make_unique<ThreadQueue>();
  } catch (const std::system_error& error) {
    base::fail(ErrorCode::out_of_memory, "the system starts no thread for another stream: ", error.what());
  }
}

}  // namespace vireo::device
