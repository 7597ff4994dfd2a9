#pragma once
// What one run of a deployment has begun to write, so that a stream that is opened anew adds to it instead of beginning
// again. Shared by the streams; any thread.

#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace vireo::deployment {

class Ledger {
 public:
  /// How often this was begun before; the first one runs `first` before any other gets its answer.
  int begin(const std::string& target, const std::function<void()>& first = {}) {
    std::lock_guard lock(mutex_);
    int& times = times_[target];
    if (times == 0 && first) first();
    return times++;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int> times_;
};

}  // namespace vireo::deployment
