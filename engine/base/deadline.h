#pragma once
// How long something may take: one object, asked between its steps. Any thread.

#include <string_view>

#include "engine/base/stopwatch.h"

namespace vireo::base {

class Deadline {
 public:
  /// `what` is being done ("the build") and may take `seconds`; 0: no limit.
  Deadline(std::string_view what, double seconds) : what_(what), seconds_(seconds) {}
  /// Throws Error(cancelled) when the time is over; `doing` is the step that was to come next.
  void check(std::string_view doing) const;

 private:
  std::string_view what_;
  double seconds_;
  Stopwatch since_;
};

}  // namespace vireo::base
