#pragma once
// How long something may take: one object, asked between its steps. Any thread.

#include <chrono>
#include <string_view>

namespace vireo::base {

class Deadline {
 public:
  /// `what` is being done ("the build"), `seconds` of it are allowed; 0: any number.
  Deadline(std::string_view what, double seconds) : what_(what), seconds_(seconds) {}
  /// Throws Error(cancelled) when the time is over; `doing` is what was to come next.
  void check(std::string_view doing) const;

 private:
  std::string_view what_;
  double seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace vireo::base
