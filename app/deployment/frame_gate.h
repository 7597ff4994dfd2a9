#pragma once
// Where frames pass from an input into its stream. Inputs come and go, stall and begin again; the stream behind the
// gate sees one timeline on which time only goes forward, and its frame limit. push() is called by the input's
// streaming thread, begin() and interrupt() by the input's own, the rest by any.
//
// Frames keep the times of their file or camera; where those would go backwards, or belong to another run of the input,
// the segment that travels with them is shifted. A frame without a time gets the one behind the frame before.

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "app/deployment/feed.h"

namespace vireo::deployment {

struct GateOptions {
  bool live = false;  ///< frames come at the clock's time; none waits for room
  bool wait = true;   ///< for room in the stream; else frames that find none are dropped
  std::uint64_t max_frames = 0;
};

class FrameGate {
 public:
  /// `stream`: the pipeline that `appsrc` sits in.
  FrameGate(GstElement* stream, GstElement* appsrc, const GateOptions& options);

  /// A new run of the input, played by this pipeline.
  void begin(GstElement* input);
  /// False when nothing more is wanted.
  [[nodiscard]] bool push(GstSample* sample);
  /// The stream's end, behind all frames. Once.
  void end();
  void close();

  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool full() const { return options_.max_frames > 0 && frames_ >= options_.max_frames; }
  [[nodiscard]] bool waiting() const { return feed_.waiting(); }
  [[nodiscard]] std::uint64_t frames() const { return frames_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  [[nodiscard]] std::int64_t first_ns() const { return first_ns_; }  ///< 0: none yet
  [[nodiscard]] std::int64_t last_ns() const { return last_ns_; }    ///< when push() was last called

 private:
  [[nodiscard]] GstBuffer* timed(GstBuffer* buffer, const GstSegment& segment);

  GstElement* stream_;
  const GateOptions options_;
  Feed feed_;
  GstElement* input_ = nullptr;  ///< of this run; streaming thread, as what follows
  bool begun_ = false;           ///< the run's first frame has come
  GstClockTimeDiff shift_ = 0;   ///< from this run's running time to the stream's
  GstClockTime last_ = GST_CLOCK_TIME_NONE, last_duration_ = 40 * GST_MSECOND;  ///< of the stream's running time
  GstClockTime next_pts_ = GST_CLOCK_TIME_NONE;
  std::atomic<bool> ended_{false};
  std::atomic<std::uint64_t> frames_{0}, dropped_{0};
  std::atomic<std::int64_t> first_ns_{0}, last_ns_{0};
};

}  // namespace vireo::deployment
