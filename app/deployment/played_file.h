#pragma once
// Watches a video file while an input plays it, and says afterwards whether it ended where it should. Probes run in the
// input's streaming thread; the rest is called by the input's own thread, the verdict after the pipeline's end of
// stream.

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <string>

namespace vireo::deployment {

class PlayedFile {
 public:
  /// Nothing is watched where the URI is no video file.
  explicit PlayedFile(const std::string& uri);
  /// `decode`: the element that opens the file; `sink`: where its frames arrive.
  void watch(GstElement* decode, GstElement* sink);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::uint64_t frames() const { return frames_; }
  /// What is missing from a file that was played to its end, as a sentence; empty when it is whole.
  [[nodiscard]] std::string cut_short() const;
  /// What is missing by the file's own structure; empty when nothing is, or it is no file.
  [[nodiscard]] std::string missing() const;

 private:
  void see(GstBuffer* buffer);
  void see(GstPad* pad, GstEvent* event);

  std::string path_;
  GstElement* decode_ = nullptr;
  GstSegment segment_;
  std::atomic<std::uint64_t> frames_{0};
  std::atomic<bool> ended_{false};
  GstClockTime video_end_ = 0;                     ///< of the last frame, by its place in the file or its own time
  GstClockTime stated_end_ = GST_CLOCK_TIME_NONE;  ///< where the file says that its only stream ends
};

}  // namespace vireo::deployment
