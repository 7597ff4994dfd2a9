#pragma once
// Frames whose memory others read, too (decoders refer to the frames that they put out), copied into memory that is
// used again and again: new pages for each frame would cost as much as the copy. One thread at a time.

#include <gst/video/video.h>

namespace vireo::gst {

class WritableFrames {
 public:
  WritableFrames() = default;
  ~WritableFrames() { reset(); }
  WritableFrames(const WritableFrames&) = delete;
  WritableFrames& operator=(const WritableFrames&) = delete;

  /// Forgets its memory; what is out goes when it comes back. To be called when frames change.
  void reset();
  /// Whether the frame may be written to as it is.
  [[nodiscard]] static bool is_writable(GstBuffer* buffer);
  /// A copy with the same times, flags and metas, its planes where `info` has them; null when memory is short.
  [[nodiscard]] GstBuffer* copy(GstBuffer* buffer, const GstVideoInfo& info);

 private:
  GstBufferPool* pool_ = nullptr;
};

}  // namespace vireo::gst
