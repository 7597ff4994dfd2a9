#pragma once
// What a running Pipeline holds; for this folder's files only. branches.cpp builds it and counts the frames that pass,
// pipeline.cpp runs it and watches it.

#include <gst/gst.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/deployment/gst_objects.h"
#include "app/deployment/pipeline.h"
#include "plugins/infer/latency.h"

namespace vireo::deployment {

using Clock = std::chrono::steady_clock;
inline std::int64_t now_ns() { return Clock::now().time_since_epoch().count(); }

/// One source with everything that follows it. Probes run in its streaming threads.
struct Branch {
  Pipeline::State* owner = nullptr;
  int index = 0;
  GstElement* infer = nullptr;  ///< borrowed from the pipeline
  std::atomic<std::uint64_t> frames_in{0};
  GstClockTime next_pts = 0;                      ///< streaming thread: for frames without a time
  GstClockTime last_duration = 40 * GST_MSECOND;  ///< streaming thread: what the last frame took
  std::atomic<bool> ended{false};
  std::string decode;                             ///< name of the element that opens a file or URI
  std::string file;                               ///< the video file that it plays, if it does
  GstSegment segment;                             ///< streaming thread, like what follows
  bool source_ended = false;                      ///< by itself: neither max_frames nor stop() was the reason
  GstClockTime video_end = 0;                     ///< where the last frame ends in the file
  GstClockTime stated_end = GST_CLOCK_TIME_NONE;  ///< where the file says that its only stream ends
};

struct Pipeline::State {
  PipelineConfig config;
  FrameObserver observer;
  Owned<GstElement> pipeline;
  std::vector<std::unique_ptr<Branch>> branches;
  std::atomic<bool> stopping{false};
  std::atomic<std::int64_t> last_progress{0};
  std::atomic<std::int64_t> first_in{0}, last_out{0};
  std::mutex mutex;  ///< guards what follows
  infer::LatencyHistogram latency;
  std::atomic<std::uint64_t> frames{0};
  std::uint64_t detections = 0;
  Clock::time_point stop_seen{};  ///< the thread in run()

  // branches.cpp
  void build();
  void add_branch(const SourceConfig& source, int index);
  void add_sinks(GstElement* tail, const SourceConfig& source, const std::string& name);
  [[nodiscard]] bool keeps_every_frame() const;
  void frame_out(Branch& branch, GstBuffer* buffer);

  // pipeline.cpp
  void end_sources();
  bool handle(GstMessage* message);
  void finish_files(GstBus* bus);
  void check_stall() const;
  bool stop_in_time();
  void supervise();
  [[nodiscard]] std::string cut_short(const Branch& branch) const;
  [[nodiscard]] RunStats collect();
};

}  // namespace vireo::deployment
