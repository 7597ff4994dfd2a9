#pragma once
// A bounded way into an appsrc: at most `room` frames lie in it. push() may be called from one thread at a time, the
// rest from any. The element is borrowed and must outlive the feed's last push; it sits in a pipeline that the owner
// brings to NULL before the feed goes.

#include <gst/gst.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace vireo::deployment {

class Feed {
 public:
  enum class Result { taken, full, closed };

  /// The sample's own segment goes with it.
  Feed(GstElement* appsrc, unsigned room);
  /// `wait`: for room, else a sample without room is not taken.
  Result push(GstSample* sample, bool wait);
  void end();    ///< end of stream behind what was pushed
  void close();  ///< wakes who waits; nothing is taken any more
  [[nodiscard]] bool waiting() const { return waiting_; }

 private:
  static GstPadProbeReturn frame_out(GstPad* pad, GstPadProbeInfo* info, gpointer data);

  GstElement* appsrc_;
  const unsigned room_;
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned inside_ = 0;  ///< guarded by the mutex
  bool closed_ = false;
  std::atomic<bool> waiting_{false};
};

}  // namespace vireo::deployment
