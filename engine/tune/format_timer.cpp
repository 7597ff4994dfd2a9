#include "engine/tune/format_timer.h"

#include <algorithm>

#include "engine/tune/timing.h"

namespace vireo::tune {

FormatTimer::FormatTimer(const compile::CompileOptions& options, double budget_s, plan::Choices& choices,
                         const Progress& progress)
    : options_(options), budget_s_(budget_s), choices_(choices), progress_(progress) {}

double FormatTimer::left(double until) const {
  const double gone = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  return std::max(until * budget_s_ - gone, 0.0);
}

const std::shared_ptr<device::ThreadPool>& FormatTimer::pool() {
  if (!pool_) pool_ = std::make_shared<device::ThreadPool>(options_.workers);
  return pool_;
}

bool FormatTimer::time(const graph::Problem& problem, double share, double until, bool again) {
  std::string key = choice_key(problem, options_);
  const auto it = choices_.find(key);
  const bool known = it != choices_.end() && it->second.seconds > 0;
  if (known && !again) return true;
  const double seconds = left(until);
  if (seconds <= 0) return false;
  if (progress_ && !progress_("timing layouts", 1 - seconds / budget_s_))
    throw Error(ErrorCode::cancelled, "the build was cancelled");
  plan::Choice choice = time_problem(problem, options_, pool(), std::min(seconds, share * budget_s_));
  // Nothing of a second trial that all candidates failed.
  if (!choice.tactic.empty() && (!known || (choice.seconds > 0 && choice.seconds < it->second.seconds)))
    choices_[std::move(key)] = std::move(choice);
  return true;
}

bool FormatTimer::time_both(const OwnProblem& first, const OwnProblem& last, double share, double until) {
  if (!time(last.problem, share, until)) return false;
  if (!paired_.insert(first.key).second) return true;
  const double seconds = left(until);
  if (seconds <= 0) return false;
  time_pair(first.problem, last.problem, options_, pool(), std::min(seconds, share * budget_s_), choices_);
  return true;
}

double FormatTimer::seconds_of(const graph::Problem& problem) const {
  const auto it = choices_.find(choice_key(problem, options_));
  return it != choices_.end() && it->second.seconds > 0 ? it->second.seconds : predict_best(problem, options_).seconds;
}

}  // namespace vireo::tune
