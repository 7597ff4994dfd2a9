#pragma once
// Time that has passed, by the clock that never goes back. A value; any thread.

#include <chrono>

namespace vireo::base {

class Stopwatch {
 public:
  /// Since it was made.
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace vireo::base
