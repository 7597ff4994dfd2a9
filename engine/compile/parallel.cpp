#include "engine/compile/parallel.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace vireo::compile {

void for_each_parallel(std::size_t count, int threads, const std::function<void(std::size_t)>& work) {
  std::vector<std::exception_ptr> errors(count);
  std::atomic<std::size_t> next{0};
  const auto take = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        errors[i] = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t wanted = std::min(static_cast<std::size_t>(std::max(threads, 1)), count);
    try {
      while (helpers.size() + 1 < wanted) helpers.emplace_back(take);
    } catch (const std::system_error&) {
      // The system starts no more threads; those that there are do it all.
    }
    take();
  }
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
}

void for_each_parallel(std::size_t count, int threads, const std::function<void(std::size_t)>& work,
                       const std::function<void()>& meanwhile) {
  constexpr std::chrono::milliseconds kLook{50};
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false, unwanted = false;
  std::exception_ptr error;
  const auto all = [&] {
    try {
      for_each_parallel(count, threads, [&](std::size_t i) {
        {
          const std::lock_guard lock(mutex);
          if (unwanted) return;
        }
        work(i);
      });
    } catch (...) {
      error = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    done = true;
    changed.notify_all();
  };
  std::jthread helper;
  try {
    helper = std::jthread(all);
  } catch (const std::system_error&) {
    all();
  }
  std::exception_ptr unwanted_why;
  for (std::unique_lock lock(mutex); !done;) {
    changed.wait_for(lock, kLook);
    if (done || unwanted) continue;
    lock.unlock();
    try {
      meanwhile();
    } catch (...) {
      unwanted_why = std::current_exception();
    }
    lock.lock();
    unwanted = unwanted_why != nullptr;
  }
  if (unwanted_why) std::rethrow_exception(unwanted_why);
  if (error) std::rethrow_exception(error);
}

}  // namespace vireo::compile
