#include "plugins/infer/degree.h"

#include <algorithm>
#include <cmath>

namespace vireo::infer {
namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;

/// Loads above which there is too much work, and below which there is room for more. Between them all stays as it is.
constexpr double kTooMuch = 1.1, kRoom = 0.85;
/// Frames in a row that must say so: down at once, up again with patience.
constexpr int kFramesOver = 3, kFramesUnder = 12;
constexpr int kMostInterval = 1000;
/// Work is inferred frame by frame: what is left between two is for everything else.
constexpr double kHeadroom = 1.05;
constexpr int kTrialFrames = 4;  ///< results of one
constexpr auto kFirstPatience = 2s, kMostPatience = 32s;
/// Who goes down again within this time came back too early, and waits longer the next time.
constexpr auto kSteady = 10s;
/// A pause of so many usual intervals is none of them.
constexpr double kPause = 8;

/// A running mean of about 1 / share values.
void mix(double& mean, double value, double share) noexcept { mean = mean < 0 ? value : mean + (value - mean) * share; }

}  // namespace

void Degree::configure(OverloadPolicy policy, int interval) noexcept {
  interval = std::max(1, interval);
  if (policy == policy_ && interval == least_) return;
  policy_ = policy;
  least_ = interval;
  interval_ = std::max(interval_, least_);
  if (policy_ != OverloadPolicy::interval) interval_ = least_;
  next_wanted_ = 0;
  over_ = under_ = trial_ = 0;
  set_overloaded(false);
}

void Degree::restart() noexcept {
  arrived_ = false;
  next_wanted_ = 0;
}

double Degree::load() const noexcept { return between_ > 0 && work_ >= 0 ? work_ / between_ : 0; }

void Degree::arrived(Clock::time_point now) noexcept {
  const double since = Seconds(now - last_arrival_).count();
  if (arrived_ && between_ > 0 && since > kPause * between_) {
    between_ = -1;  // it was away, or is another one
  } else if (arrived_) {
    mix(between_, std::max(since, 1e-6), 1.0 / 16);
  }
  arrived_ = true;
  last_arrival_ = now;
}

Degree::Plan Degree::plan(std::uint64_t index, Clock::time_point now) noexcept {
  Plan plan;
  plan.infer = index >= next_wanted_;
  if (!plan.infer) return plan;
  next_wanted_ = index + std::uint64_t(interval());
  if (!smaller()) return plan;
  if (trial_ == 0 && now >= next_trial_) trial_ = kTrialFrames;
  plan.smaller = trial_ == 0;
  return plan;
}

void Degree::finished(bool smaller, Clock::time_point begun, Clock::time_point now) noexcept {
  const double took = std::max(0.0, Seconds(now - std::max(begun, last_finish_)).count());
  last_finish_ = now;
  if (smaller) return;
  mix(work_, took, 1.0 / 4);
  if (between_ <= 0) return;
  if (trial_ > 0) {
    judge_trial(took / between_ / least_, now);
  } else if (policy_ == OverloadPolicy::interval) {
    adapt_interval(load());
  } else {
    weigh(load() / least_, now);
  }
}

void Degree::weigh(double load, Clock::time_point now) noexcept {
  over_ = load > kTooMuch ? over_ + 1 : 0;
  under_ = load < kRoom ? under_ + 1 : 0;
  if (!overloaded_ && over_ >= kFramesOver) {
    set_overloaded(true);
    const bool soon = patience_ > 0s && now - back_since_ < kSteady;
    patience_ = soon ? std::min<Clock::duration>(2 * patience_, kMostPatience) : Clock::duration(kFirstPatience);
    next_trial_ = now + patience_;
  } else if (overloaded_ && policy_ == OverloadPolicy::skip && under_ >= kFramesUnder) {
    set_overloaded(false);  // from the smaller network a trial leads back
  }
}

/// Up to what the work asks for as soon as that is sure; down when there is room even for the smaller interval.
void Degree::adapt_interval(double load) noexcept {
  const auto asked = [&](double work) { return std::clamp(int(std::ceil(work)), least_, kMostInterval); };
  const int needed = asked(load * kHeadroom), roomy = asked(load / kRoom);
  over_ = needed > interval_ ? over_ + 1 : 0;
  under_ = roomy < interval_ ? under_ + 1 : 0;
  const int next = over_ >= kFramesOver ? needed : under_ >= kFramesUnder ? roomy : interval_;
  if (next == interval_) return;
  interval_ = next;
  over_ = under_ = 0;
  overloaded_ = interval_ > least_;
  ++changes_;
}

/// The first result of a trial still shared the machine with the smaller network, so it says nothing.
void Degree::judge_trial(double load, Clock::time_point now) noexcept {
  trial_load_ = trial_ == kTrialFrames ? 0 : trial_load_ + load / (kTrialFrames - 1);
  if (--trial_ > 0 && trial_load_ < kRoom) return;
  trial_ = 0;
  if (trial_load_ < kRoom) {
    back_since_ = now;
    set_overloaded(false);
  } else {
    patience_ = std::min<Clock::duration>(2 * patience_, kMostPatience);
    next_trial_ = now + patience_;
  }
}

void Degree::set_overloaded(bool overloaded) noexcept {
  if (overloaded == overloaded_) return;
  overloaded_ = overloaded;
  over_ = under_ = 0;
  ++changes_;
}

}  // namespace vireo::infer
