#pragma once
// How long to wait before the next attempt: twice as long each time, scattered so that many who lost the same server
// don't come back at once. One thread.

#include <algorithm>
#include <chrono>
#include <random>

namespace vireo::deployment {

class Backoff {
 public:
  using Duration = std::chrono::milliseconds;
  explicit Backoff(double most_s = 30) : most_(Duration::rep(most_s * 1e3)) {}

  [[nodiscard]] Duration next() {
    next_ = std::min(most_, std::max(kFirst, next_ * 2));
    std::uniform_real_distribution<double> scatter(0.75, 1.25);
    return Duration(Duration::rep(double(next_.count()) * scatter(random_)));
  }
  void reset() { next_ = Duration(0); }

 private:
  static constexpr Duration kFirst{500};
  Duration most_, next_{0};
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace vireo::deployment
