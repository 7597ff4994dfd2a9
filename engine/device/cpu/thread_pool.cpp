#include "engine/device/cpu/thread_pool.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "engine/api/log.h"
#include "engine/base/affinity.h"
#include "engine/base/text.h"

namespace vireo::device {
namespace {

// Spins are counted in pauses (about 15–40 ns each). Inside an inference new work normally comes within microseconds; a
// worker stays awake for about 50 µs so that back-to-back runs start at once, then leaves its core to others.
constexpr int kWorkSpins = 4000;
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

ThreadPool::ThreadPool(int workers) { start(workers); }

ThreadPool::ThreadPool(std::vector<int> cores) : cores_(std::move(cores)) { start(static_cast<int>(cores_.size())); }

ThreadPool::~ThreadPool() { end(); }

void ThreadPool::start(int workers) {
  try {
    for (int worker = 1; worker < workers; ++worker) threads_.emplace_back([this, worker] { work(worker); });
  } catch (const std::exception& error) {
    const std::size_t started = threads_.size() + 1;
    end();
    base::fail(ErrorCode::out_of_memory, "the system starts no more than ", started, " of ", workers,
               " threads: ", error.what());
  }
}

void ThreadPool::end() noexcept {
  stop_ = true;
  changed_.advance();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void ThreadPool::run(Body body, void* context) noexcept {
  const std::lock_guard lock(region_);
  body_ = body;
  context_ = context;
  open_.store(true, std::memory_order_seq_cst);
  if (!threads_.empty()) changed_.advance();
  for (;;) {
    const std::uint32_t seen = changed_.load();
    if (body(context, 0)) break;
    changed_.wait_change(seen, kWorkSpins);
  }
  // A worker enters by counting itself in and then looking at open_ again, so after this store none can slip in unseen.
  open_.store(false, std::memory_order_seq_cst);
  while (inside_.load(std::memory_order_seq_cst) != 0) pause();
}

void ThreadPool::work(int worker) noexcept {
  if (!cores_.empty() && !base::bind_to_core(cores_[static_cast<std::size_t>(worker)]))
    log(LogLevel::warning, "a worker can't be bound to its core any more; it runs on any");
  for (;;) {
    const std::uint32_t seen = changed_.load();
    if (stop_.load()) return;
    inside_.fetch_add(1, std::memory_order_seq_cst);
    if (open_.load(std::memory_order_seq_cst)) (void)body_(context_, worker);
    inside_.fetch_sub(1, std::memory_order_seq_cst);
    changed_.wait_change(seen, kIdleSpins);
  }
}

}  // namespace vireo::device
