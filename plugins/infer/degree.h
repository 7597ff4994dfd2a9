#pragma once
// The degree of service of a live stream whose frames come faster than its network takes them. Told when frames come
// and when their results are there, it says what is to be done with the next frame, so that the stream stays at the
// present and degrades as the user wants it to:
//
//   skip      the network takes the newest frame whenever it is free; nothing here changes that
//   interval  every n-th frame is inferred, n as large as the network's time asks for; the others pass
//   smaller   frames go to a smaller network; from time to time the usual one is tried, and kept when it keeps up
//
// Each change has a threshold on either side and asks for several frames in a row, so that a stream at its limit does
// not go to and fro. A plain value that is told all times; its owner locks.

#include <chrono>
#include <cstdint>

namespace vireo::infer {

enum class OverloadPolicy : std::uint8_t { skip, interval, smaller };

class Degree {
 public:
  using Clock = std::chrono::steady_clock;

  /// `interval`: every how many-th frame the user wants to be inferred.
  void configure(OverloadPolicy policy, int interval) noexcept;

  struct Plan {
    bool infer = true;     ///< else it passes
    bool smaller = false;  ///< by the smaller network
  };
  /// A frame comes.
  void arrived(Clock::time_point now) noexcept;
  /// What is to be done with it; `index` grows by one with each frame of the stream.
  [[nodiscard]] Plan plan(std::uint64_t index, Clock::time_point now) noexcept;
  /// The result of a frame is there whose turn it was at `begun`, had the network been free.
  void finished(bool smaller, Clock::time_point begun, Clock::time_point now) noexcept;
  /// Frames will be numbered anew, or the stream begins again: what is known of the network stays.
  void restart() noexcept;

  /// Frames come faster than the usual network takes those that the user wants.
  [[nodiscard]] bool overloaded() const noexcept { return overloaded_; }
  [[nodiscard]] int interval() const noexcept { return policy_ == OverloadPolicy::interval ? interval_ : least_; }
  [[nodiscard]] bool smaller() const noexcept { return policy_ == OverloadPolicy::smaller && overloaded_; }
  /// Work of the usual network for a frame by the time from frame to frame; 0: not known yet.
  [[nodiscard]] double load() const noexcept;
  /// How often any of the above but the load has changed.
  [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }

 private:
  void weigh(double load, Clock::time_point now) noexcept;
  void adapt_interval(double load) noexcept;
  void judge_trial(double load, Clock::time_point now) noexcept;
  void set_overloaded(bool overloaded) noexcept;

  OverloadPolicy policy_ = OverloadPolicy::skip;
  int least_ = 1, interval_ = 1;
  std::uint64_t next_wanted_ = 0, changes_ = 0;
  // Seconds, each a running mean; negative: not known.
  double between_ = -1, work_ = -1;
  Clock::time_point last_arrival_, last_finish_;
  bool arrived_ = false;
  bool overloaded_ = false;
  int over_ = 0, under_ = 0;  ///< frames in a row beyond a threshold
  // Of the usual network, while the smaller one serves.
  int trial_ = 0;  ///< results that the present trial still waits for; 0: there is none
  double trial_load_ = 0;
  Clock::time_point next_trial_, back_since_;
  Clock::duration patience_{0};  ///< until the next trial
};

}  // namespace vireo::infer
