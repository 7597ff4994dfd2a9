#pragma once
// A pool of workers that take work as they come. A region is a body that every worker calls again and again; the body
// takes whatever can be taken (tiles) and returns when there is nothing to take right now or all is done. The calling
// thread is worker 0; the others are threads that spin for a short while when idle and then sleep. Nobody ever waits
// for a worker that isn't there: on a busy machine a worker that the system doesn't schedule simply takes nothing.
// run() may be called from several threads; regions queue. A body must not throw. A pool may have its own cores: each
// of its threads is bound to one, and the caller of run() is expected to be on the first (affinity.h).

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace vireo::device {

/// A counting word that threads wait on: spin first (hand-over below a microsecond), then sleep in the kernel.
class WaitWord {
 public:
  [[nodiscard]] std::uint32_t load() const noexcept { return value_.load(std::memory_order_seq_cst); }
  /// Returns once the value differs from `old`.
  void wait_change(std::uint32_t old, int spins) noexcept;
  void advance() noexcept;  ///< adds one and wakes sleepers

 private:
  std::atomic<std::uint32_t> value_{0};
  std::atomic<std::uint32_t> sleepers_{0};
};

class ThreadPool {
 public:
  /// Throws Error(out_of_memory) when the system starts no more threads.
  explicit ThreadPool(int workers);
  /// One worker for each core; the cores have been checked.
  explicit ThreadPool(std::vector<int> cores);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int size() const noexcept { return static_cast<int>(threads_.size()) + 1; }
  /// Where worker 0 belongs; -1: anywhere.
  [[nodiscard]] int first_core() const noexcept { return cores_.empty() ? -1 : cores_[0]; }
  /// True: everything is done. False: nothing can be taken until somebody calls signal().
  using Body = bool (*)(void* context, int worker) noexcept;
  /// Returns when the body has said true to worker 0 and no worker is inside it any more.
  void run(Body body, void* context) noexcept;
  /// From inside a body: there is new work, or all is done.
  void signal() noexcept { changed_.advance(); }

 private:
  void start(int workers);
  void end() noexcept;
  void work(int worker) noexcept;

  std::vector<int> cores_;
  std::mutex region_;
  Body body_ = nullptr;
  void* context_ = nullptr;
  std::atomic<bool> stop_{false};
  alignas(64) std::atomic<bool> open_{false};
  alignas(64) std::atomic<int> inside_{0};  ///< workers in the body, worker 0 not counted
  alignas(64) WaitWord changed_;
  std::vector<std::thread> threads_;
};

}  // namespace vireo::device
