// What a stream counts and measures, and what it says of itself; see flow.h.

#include <algorithm>
#include <utility>

#include "plugins/gst/vireoinfer/flow.h"

namespace vireo::gst {

using infer::Clock;
using Nanoseconds = std::chrono::nanoseconds;

void InferFlow::note_drop(const FrameFacts& facts, GstClockTime timestamp, GstClockTime duration) {
  constexpr std::size_t kMostUnreported = 1000;
  if (drops_.size() >= kMostUnreported) drops_.erase(drops_.begin());
  const std::uint64_t lost = stats_.dropped + stats_.late;
  drops_.push_back({facts.running, facts.stream, timestamp, duration, stats_.inferred + stats_.passed, lost});
}

void InferFlow::drop_late(const FrameFacts& facts, GstClockTime timestamp, GstClockTime duration) {
  std::lock_guard lock(mutex_);
  ++stats_.frames;
  ++frame_index_;
  ++stats_.late;
  degree_.arrived(Clock::now());
  note_drop(facts, timestamp, duration);
}

std::vector<Drop> InferFlow::take_drops() {
  std::lock_guard lock(mutex_);
  return std::exchange(drops_, {});
}

void InferFlow::count_out(const FrameTask& frame) {
  std::lock_guard lock(mutex_);
  next_out_ = frame.index + 1;
  last_out_ = Clock::now();
  if (out_++ == 0) first_out_ = last_out_;
  if (!frame.wanted) {
    ++stats_.passed;
    return;
  }
  ++stats_.inferred;
  if (frame.smaller) ++stats_.smaller;
  if (frame.note) stats_.latency.add(Nanoseconds(frame.note->latency_ns));
}

FlowStats InferFlow::stats() const {
  std::lock_guard lock(mutex_);
  FlowStats stats = stats_;
  stats.held = held();
  const double seconds = std::chrono::duration<double>(last_out_ - first_out_).count();
  if (out_ > 1 && seconds > 0) stats.fps = double(out_ - 1) / seconds;
  return stats;
}

Service InferFlow::service() const {
  std::lock_guard lock(mutex_);
  return {degree_.overloaded(), degree_.smaller() && smaller_.stream, degree_.interval(), degree_.load(),
          degree_.changes()};
}

std::optional<Service> InferFlow::service_change() {
  Service now = service();
  std::lock_guard lock(mutex_);
  if (now.changes == told_changes_) return std::nullopt;
  told_changes_ = now.changes;
  return now;
}

InferFlow::Sessions InferFlow::sessions() const {
  std::lock_guard lock(mutex_);
  return {usual_.session, smaller_.session};
}

bool InferFlow::live() const {
  std::lock_guard lock(mutex_);
  return live_;
}

bool InferFlow::drops_frames() const {
  std::lock_guard lock(mutex_);
  return options_.newest_wins;
}

std::int64_t InferFlow::latency_ns() const {
  std::lock_guard lock(mutex_);
  return reported_ns_;
}

/// A sink waits for what is said here, and frames that wait there have no room here: too much costs frames, too little
/// makes single ones late. So it is what nine of ten frames take. More is told as soon as a few in a row show it, for
/// until then the sink has no use for any.
bool InferFlow::latency_changed() {
  constexpr int kShow = 3;
  std::lock_guard lock(mutex_);
  const auto with_room = [](std::int64_t usual) { return usual + usual / 8 + 1'000'000; };
  if (longer_ >= kShow) {
    reported_ns_ = with_room(longest_ns_);
  } else {
    if (!recent_.full()) return false;
    const std::int64_t usual = recent_.percentile(0.9);
    if (usual <= reported_ns_ && with_room(usual) >= reported_ns_ - reported_ns_ / 3) return false;
    reported_ns_ = with_room(usual);
  }
  recent_.clear();
  longer_ = 0;
  return live_;
}

}  // namespace vireo::gst
