#include "engine/base/team.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace vireo::base {
namespace {

// Spins are counted in pauses (about 15–40 ns each). Inside an inference a barrier is normally reached within
// microseconds; between inferences a worker stays awake for about 50 µs so that back-to-back runs start at once.
constexpr int kBarrierSpins = 4000;
constexpr int kIdleSpins = 2000;

void pause() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

}  // namespace

void WaitWord::wait_change(std::uint32_t old, int spins) noexcept {
  for (int i = 0; i < spins; ++i) {
    if (value_.load(std::memory_order_acquire) != old) return;
    pause();
  }
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  while (value_.load(std::memory_order_seq_cst) == old)
    syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&value_), FUTEX_WAIT_PRIVATE, old, nullptr, nullptr, 0);
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
}

void WaitWord::advance() noexcept {
  value_.fetch_add(1, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) != 0)
    syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&value_), FUTEX_WAKE_PRIVATE, 1 << 30, nullptr, nullptr, 0);
}

void Barrier::wait() noexcept {
  if (workers_ == 1) return;
  const std::uint32_t phase = phase_.load();
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == workers_) {
    arrived_.store(0, std::memory_order_relaxed);
    phase_.advance();
  } else {
    phase_.wait_change(phase, kBarrierSpins);
  }
}

Team::Team(int workers) : barrier_(workers < 1 ? 1 : workers) {
  for (int worker = 1; worker < workers; ++worker) threads_.emplace_back([this, worker] { work(worker); });
}

Team::~Team() {
  {
    const std::lock_guard lock(region_);
    stop_ = true;
    start_.advance();
  }
  for (std::thread& thread : threads_) thread.join();
}

void Team::run(Body body, void* context) noexcept {
  if (threads_.empty()) return body(context, 0);
  const std::lock_guard lock(region_);
  body_ = body;
  context_ = context;
  start_.advance();
  body(context, 0);
  barrier_.wait();
}

void Team::work(int worker) noexcept {
  std::uint32_t seen = 0;
  for (;;) {
    start_.wait_change(seen, kIdleSpins);
    ++seen;
    if (stop_) return;
    body_(context_, worker);
    barrier_.wait();
  }
}

}  // namespace vireo::base
