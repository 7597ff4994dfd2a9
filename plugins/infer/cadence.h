#pragma once
// The rate at which a stream brings frames, and whether another one may come in time. Plain value; its owner locks.

#include <algorithm>
#include <chrono>

namespace vireo::infer {

class Cadence {
 public:
  using Clock = std::chrono::steady_clock;

  void note(Clock::time_point now) noexcept {
    const auto since = now - last_;
    if (seen_ == 1) interval_ = since;
    if (seen_ >= 2) interval_ += (since - interval_) / 8;
    seen_ = std::min(seen_ + 1, 2);
    last_ = now;
  }

  /// Whether the next frame may come by `deadline`. Cautious: it may while the rate is not known, at half the usual
  /// interval, and when it is late; but a stream that is late by much has stopped.
  [[nodiscard]] bool may_bring(Clock::time_point now, Clock::time_point deadline) const noexcept {
    if (seen_ == 0) return false;  // opened, not yet started
    const auto patience = std::max(8 * interval_, std::chrono::duration_cast<Clock::duration>(kLeastPatience));
    return now <= last_ + patience && (seen_ == 1 || last_ + interval_ / 2 <= deadline);
  }

  /// How long a stream that has no rate yet, or is late, is waited for.
  static constexpr std::chrono::milliseconds kLeastPatience{250};

 private:
  Clock::time_point last_;
  Clock::duration interval_{0};
  int seen_ = 0;  ///< up to 2
};

}  // namespace vireo::infer
