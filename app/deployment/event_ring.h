#pragma once
// The last seconds of a compressed video, in memory: what was before an event. It begins with a key frame, always, and
// never holds more than so many bytes. One thread.

#include <gst/gst.h>

#include <cstdint>
#include <deque>

namespace vireo::deployment {

class EventRing {
 public:
  /// So much time before the newest frame, where it fits into so many bytes.
  EventRing(GstClockTime before, std::uint64_t most_bytes) : before_(before), most_bytes_(most_bytes) {}
  ~EventRing() { clear(); }
  EventRing(const EventRing&) = delete;
  EventRing& operator=(const EventRing&) = delete;

  void add(GstBuffer* buffer, GstClockTime at, bool key) {
    if (key) drop_old(at);
    if (frames_.empty() && !key) return;
    frames_.push_back({gst_buffer_ref(buffer), at, key});
    bytes_ += gst_buffer_get_size(buffer);
    while (bytes_ > most_bytes_) drop_group();
  }
  /// Visits the frames from the last key frame at or before `from` on, else from the first one there is; returns the
  /// time of the first.
  template <typename Visit>
  GstClockTime from(GstClockTime from, const Visit& visit) const {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < frames_.size() && frames_[i].at <= from; ++i)
      if (frames_[i].key) begin = i;
    for (std::size_t i = begin; i < frames_.size(); ++i)
      if (!visit(frames_[i].buffer)) break;
    return begin < frames_.size() ? frames_[begin].at : GST_CLOCK_TIME_NONE;
  }
  void clear() {
    for (const Frame& frame : frames_) gst_buffer_unref(frame.buffer);
    frames_.clear();
    bytes_ = 0;
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t frames() const { return frames_.size(); }

 private:
  struct Frame {
    GstBuffer* buffer;
    GstClockTime at;
    bool key;
  };
  void drop_first() {
    bytes_ -= gst_buffer_get_size(frames_.front().buffer);
    gst_buffer_unref(frames_.front().buffer);
    frames_.pop_front();
  }
  /// A key frame and those that need it.
  void drop_group() {
    do drop_first();
    while (!frames_.empty() && !frames_.front().key);
  }
  /// The first group goes when the second one reaches back far enough.
  void drop_old(GstClockTime now) {
    for (;;) {
      std::size_t second = 1;
      while (second < frames_.size() && !frames_[second].key) ++second;
      if (second >= frames_.size() || frames_[second].at + before_ > now) return;
      drop_group();
    }
  }

  const GstClockTime before_;
  const std::uint64_t most_bytes_;
  std::deque<Frame> frames_;
  std::uint64_t bytes_ = 0;
};

}  // namespace vireo::deployment
