#pragma once
// How long something may take, and whether it is still wanted: one object, asked between its steps. Any thread.

#include <atomic>
#include <functional>
#include <string_view>
#include <thread>

#include "engine/base/stopwatch.h"

namespace vireo::base {

class Deadline {
 public:
  /// `what` is being done ("the build") and may take `seconds`; 0: no limit. `wanted`: whether it still is; asked in
  /// the thread that made this, alone.
  Deadline(std::string_view what, double seconds, std::function<bool()> wanted = {})
      : what_(what), seconds_(seconds), wanted_(std::move(wanted)) {}
  /// Throws Error(cancelled) when the time is over, or it isn't wanted any more; `doing` is the step that was to come
  /// next. Other threads get to know that when the one that made this has asked.
  void check(std::string_view doing) const;

 private:
  std::string_view what_;
  double seconds_;
  std::function<bool()> wanted_;
  std::thread::id owner_ = std::this_thread::get_id();
  mutable std::atomic<bool> unwanted_{false};
  Stopwatch since_;
};

}  // namespace vireo::base
