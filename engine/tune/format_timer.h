#pragma once
// The timings that the choice of layouts asks for, within its budget. What choices know is not timed again. For
// layout.cpp alone; one thread.

#include <chrono>
#include <memory>
#include <set>
#include <string>

#include "engine/api/builder.h"
#include "engine/device/cpu/thread_pool.h"
#include "engine/tune/format_model.h"

namespace vireo::tune {

class FormatTimer {
 public:
  /// All but the numbers is borrowed.
  FormatTimer(const compile::CompileOptions& options, double budget_s, plan::Choices& choices,
              const Progress& progress);
  /// The best tactic of a problem, on `share` of the budget. False when `until`, a share of it too, has passed before.
  /// `again`: what is known already is timed once more, and the better seconds count. Throws Error(cancelled).
  bool time(const graph::Problem& problem, double share, double until, bool again = false);
  /// The tactic with channels last, then that and the one with channels first beside each other.
  bool time_both(const OwnProblem& first, const OwnProblem& last, double share, double until);
  /// Measured, else predicted.
  [[nodiscard]] double seconds_of(const graph::Problem& problem) const;

 private:
  /// Seconds of the budget, 0 when `until` has passed.
  [[nodiscard]] double left(double until) const;
  const std::shared_ptr<device::ThreadPool>& pool();

  const compile::CompileOptions& options_;
  double budget_s_;
  plan::Choices& choices_;
  const Progress& progress_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::shared_ptr<device::ThreadPool> pool_;
  std::set<std::string> paired_;  ///< keys of problems that were timed beside their other side
};

}  // namespace vireo::tune
