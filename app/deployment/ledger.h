#pragma once
// What the streams of one deployment share: what this run has begun to write, so that a stream that is opened anew adds
// to it instead of beginning again; servers that several sinks are part of. Any thread.

#include <functional>
#include <map>
#include <memory>
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
  /// The one thing of this name, made by the first who asks and gone with the last who holds it. A name stands for one
  /// type. What `make` throws is passed on; it may share other things.
  template <typename T>
  std::shared_ptr<T> share(const std::string& name, const std::function<std::shared_ptr<T>()>& make) {
    std::lock_guard lock(sharing_);
    std::weak_ptr<void>& known = shared_[name];
    if (std::shared_ptr<void> there = known.lock()) return std::static_pointer_cast<T>(there);
    std::shared_ptr<T> made = make();
    shared_[name] = made;
    return made;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int> times_;  ///< guarded by mutex_
  std::recursive_mutex sharing_;
  std::map<std::string, std::weak_ptr<void>> shared_;  ///< guarded by sharing_
};

}  // namespace vireo::deployment
