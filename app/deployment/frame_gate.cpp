#include "app/deployment/frame_gate.h"

#include <gst/video/video.h>

#include <algorithm>

#include "app/deployment/gst_objects.h"

namespace vireo::deployment {
namespace {

constexpr unsigned kRoom = 3;                  ///< frames between input and stream
constexpr GstClockTime kRestart = GST_SECOND;  ///< a step back by more is another timeline, by less a bad time
constexpr GstClockTime kNudge = GST_MSECOND;   ///< from one frame to the next where their times do not grow

}  // namespace

FrameGate::FrameGate(GstElement* stream, GstElement* appsrc, const GateOptions& options)
    : stream_(stream), options_(options), feed_(appsrc, kRoom) {}

void FrameGate::begin(GstElement* input) {
  input_ = input;
  begun_ = false;
  next_pts_ = GST_CLOCK_TIME_NONE;
}

/// Takes the buffer and gives it a time on the stream's timeline, by `shift_`.
GstBuffer* FrameGate::timed(GstBuffer* buffer, const GstSegment& segment) {
  const auto set_pts = [&](GstClockTime pts) {
    buffer = gst_buffer_make_writable(buffer);
    GST_BUFFER_PTS(buffer) = pts;
  };
  if (!GST_BUFFER_PTS_IS_VALID(buffer)) set_pts(GST_CLOCK_TIME_IS_VALID(next_pts_) ? next_pts_ : segment.start);
  const GstClockTime pts = GST_BUFFER_PTS(buffer);
  // A frame without a duration lasts as long as the one before.
  if (GST_BUFFER_DURATION_IS_VALID(buffer) && GST_BUFFER_DURATION(buffer) > 0) {
    last_duration_ = GST_BUFFER_DURATION(buffer);
  } else if (GST_CLOCK_TIME_IS_VALID(next_pts_) && pts + last_duration_ > next_pts_ &&
             pts + last_duration_ - next_pts_ < kRestart * 10) {
    last_duration_ = pts + last_duration_ - next_pts_;
  }
  if (!GST_BUFFER_DURATION_IS_VALID(buffer)) {
    buffer = gst_buffer_make_writable(buffer);
    GST_BUFFER_DURATION(buffer) = last_duration_;
  }
  next_pts_ = pts + last_duration_;

  const GstClockTime behind = GST_CLOCK_TIME_IS_VALID(last_) ? last_ + last_duration_ : 0;
  const GstClockTime own = gst_segment_to_running_time(&segment, GST_FORMAT_TIME, pts);
  if (!GST_CLOCK_TIME_IS_VALID(own)) {  // outside of its segment
    last_ = behind;
    return buffer;
  }
  if (!begun_) {
    begun_ = true;
    if (options_.live) {
      shift_ = GST_CLOCK_DIFF(gst_element_get_base_time(stream_), gst_element_get_base_time(input_));
    } else {
      shift_ = GST_CLOCK_TIME_IS_VALID(last_) ? GST_CLOCK_DIFF(own, behind) : 0;
    }
  }
  GstClockTimeDiff out = GstClockTimeDiff(own) + shift_;
  if (GST_CLOCK_TIME_IS_VALID(last_) && out <= GstClockTimeDiff(last_)) {
    const bool restart = GstClockTimeDiff(last_) - out > GstClockTimeDiff(kRestart);
    const GstClockTimeDiff by = GstClockTimeDiff(options_.live && !restart ? last_ + kNudge : behind) - out;
    if (restart) {
      shift_ += by;
    } else {
      set_pts(pts + GstClockTime(by));
    }
    out += by;
  }
  last_ = GstClockTime(std::max<GstClockTimeDiff>(out, 0));
  return buffer;
}

bool FrameGate::push(GstSample* sample) {
  last_ns_ = now_ns();
  if (ended_ || full()) return false;
  std::int64_t none = 0;
  first_ns_.compare_exchange_strong(none, now_ns());
  GstSegment segment = *gst_sample_get_segment(sample);
  if (segment.format != GST_FORMAT_TIME) gst_segment_init(&segment, GST_FORMAT_TIME);
  GstBuffer* buffer = timed(gst_buffer_ref(gst_sample_get_buffer(sample)), segment);
  segment.stop = GST_CLOCK_TIME_NONE;  // the end of a run is not the end of the stream, as appsrc would take it
  if (shift_ >= 0) {
    segment.base += GstClockTime(shift_);
  } else if (GstClockTime(-shift_) <= segment.base) {
    segment.base -= GstClockTime(-shift_);
  } else {
    segment.offset += GstClockTime(-shift_) - segment.base;
    segment.base = 0;
  }
  OwnedSample out(gst_sample_new(buffer, gst_sample_get_caps(sample), &segment, nullptr));
  gst_buffer_unref(buffer);
  const Feed::Result result = feed_.push(out.get(), options_.wait);
  last_ns_ = now_ns();
  if (result == Feed::Result::closed) return false;
  ++frames_;
  if (result == Feed::Result::full) ++dropped_;
  if (!full()) return true;
  end();
  return false;
}

void FrameGate::end() {
  if (!ended_.exchange(true)) feed_.end();
}

void FrameGate::close() { feed_.close(); }

}  // namespace vireo::deployment
