#include "engine/device/left_behind.h"

#include <iterator>
#include <mutex>

namespace vireo::device {
namespace {

struct LeftBehind {
  std::mutex mutex;
  std::vector<std::thread> threads;
  ~LeftBehind() {
    for (std::thread& thread : threads) thread.join();
  }
};

}  // namespace

void leave_behind(std::vector<std::thread> threads) {
  // Made when it is first needed, so behind the drivers, which then outlive it.
  static LeftBehind all;
  const std::lock_guard lock(all.mutex);
  all.threads.insert(all.threads.end(), std::make_move_iterator(threads.begin()),
                     std::make_move_iterator(threads.end()));
}

std::atomic<int>& compilations() noexcept {
  static std::atomic<int> count{0};
  return count;
}

}  // namespace vireo::device
