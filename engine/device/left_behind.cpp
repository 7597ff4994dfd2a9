#include "engine/device/left_behind.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace vireo::device {
namespace {

struct LeftBehind {
  struct Group {
    std::vector<std::thread> threads;
    std::weak_ptr<const void> work;

    void join() {
      for (std::thread& thread : threads) thread.join();
    }
  };
  std::mutex mutex;
  std::vector<Group> groups;
  ~LeftBehind() {
    for (Group& group : groups) group.join();
  }
};

}  // namespace

void leave_behind(std::vector<std::thread> threads, const std::weak_ptr<const void>& work) {
  // Made when it is first needed, so behind the drivers, which then outlive it.
  static LeftBehind all;
  const std::lock_guard lock(all.mutex);
  // Those that have ended since keep their stacks until they are joined.
  std::erase_if(all.groups, [](LeftBehind::Group& group) {
    if (!group.work.expired()) return false;
    group.join();
    return true;
  });
  all.groups.push_back({std::move(threads), work});
}

std::atomic<int>& compilations() noexcept {
  static std::atomic<int> count{0};
  return count;
}

}  // namespace vireo::device
