#pragma once
// A team of workers and the barrier they meet at. One Team runs one region at a time: the calling thread is worker 0, the
// others are threads that spin for a short while after a region and then sleep. Several threads may call run(); they
// queue. A region's body must not throw.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace vireo::base {

/// A counting word that threads wait on: spin first (hand-over below a microsecond), then sleep in the kernel.
class WaitWord {
 public:
  [[nodiscard]] std::uint32_t load() const noexcept { return value_.load(std::memory_order_acquire); }
  /// Returns once the value differs from `old`.
  void wait_change(std::uint32_t old, int spins) noexcept;
  void advance() noexcept;  ///< adds one and wakes sleepers

 private:
  std::atomic<std::uint32_t> value_{0};
  std::atomic<std::uint32_t> sleepers_{0};
};

/// Reusable barrier for a fixed number of workers.
class Barrier {
 public:
  explicit Barrier(int workers) noexcept : workers_(static_cast<std::uint32_t>(workers)) {}
  void wait() noexcept;

 private:
  const std::uint32_t workers_;
  alignas(64) std::atomic<std::uint32_t> arrived_{0};
  alignas(64) WaitWord phase_;
};

class Team {
 public:
  explicit Team(int workers);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  [[nodiscard]] int size() const noexcept { return static_cast<int>(threads_.size()) + 1; }
  using Body = void (*)(void* context, int worker) noexcept;
  /// Runs body(context, 0 … size()-1) in parallel; returns when all are done.
  void run(Body body, void* context) noexcept;
  [[nodiscard]] Barrier& barrier() noexcept { return barrier_; }

 private:
  void work(int worker) noexcept;

  std::mutex region_;
  Body body_ = nullptr;
  void* context_ = nullptr;
  bool stop_ = false;
  alignas(64) WaitWord start_;
  Barrier barrier_;
  std::vector<std::thread> threads_;
};

}  // namespace vireo::base
