#pragma once
// GStreamer's view of a picture as the plugins' view. Free functions, any thread.

#include <gst/video/video.h>

#include <cstdint>
#include <vector>

#include "plugins/sdk/frame.h"

namespace vireo::gst {

/// What the elements accept, for pad templates: what can be drawn into, and what can be looked at.
#define VIREO_VIDEO_FORMATS "{ NV12, I420, BGR, RGB, BGRx, RGBx, BGRA, RGBA, GRAY8, YUY2, UYVY }"
#define VIREO_INPUT_FORMATS "{ NV12, I420, BGR, RGB, BGRx, RGBx, BGRA, RGBA, GRAY8, YUY2, UYVY, P010_10LE, I420_10LE }"

/// Memory for the pictures of formats that the libraries don't know. One thread at a time.
struct FrameScratch {
  std::vector<std::uint8_t> bytes;
};

/// The planes of a mapped frame; valid while it is mapped.
[[nodiscard]] sdk::Image image_of(const GstVideoFrame& frame);
/// Likewise, with packed 4:2:2 and 10-bit frames as NV12 in `scratch`: chroma is averaged over two rows, samples are
/// rounded to 8 bits.
[[nodiscard]] sdk::Image image_of(const GstVideoFrame& frame, FrameScratch& scratch);

/// A frame mapped for its scope.
class MappedFrame {
 public:
  MappedFrame(const GstVideoInfo& info, GstBuffer* buffer, GstMapFlags flags)
      : good_(gst_video_frame_map(&frame_, &info, buffer,
                                  GstMapFlags(int(flags) | int(GST_VIDEO_FRAME_MAP_FLAG_NO_REF)))) {}
  ~MappedFrame() {
    if (good_) gst_video_frame_unmap(&frame_);
  }
  MappedFrame(const MappedFrame&) = delete;
  MappedFrame& operator=(const MappedFrame&) = delete;
  [[nodiscard]] explicit operator bool() const noexcept { return good_; }
  [[nodiscard]] GstVideoFrame& frame() noexcept { return frame_; }

 private:
  GstVideoFrame frame_{};
  bool good_;
};

/// True when the buffer's planes lie where `info` says that they lie by default.
[[nodiscard]] bool has_default_layout(GstBuffer* buffer, const GstVideoInfo& info);
/// Takes the buffer and returns one with the default layout and the same metas and times; null when memory is short.
[[nodiscard]] GstBuffer* with_default_layout(GstBuffer* buffer, const GstVideoInfo& info);

}  // namespace vireo::gst
