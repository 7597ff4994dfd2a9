#include "app/deployment/slate.h"

#include <gst/video/video.h>

#include <algorithm>
#include <cstring>

#include "plugins/draw/font.h"
#include "plugins/draw/surface.h"
#include "plugins/gst/video_image.h"

namespace vireo::deployment {
namespace {

constexpr draw::Colour kBright{230, 230, 230}, kDim{160, 160, 160};

void centred(draw::Surface& surface, const draw::Font& font, int baseline, const std::string& text,
             const draw::Colour& colour) {
  const int x = std::max(4, (surface.width() - font.width(text)) / 2);
  font.draw(surface, x, baseline, text, surface.ink(colour), 256);
}

}  // namespace

OwnedSample make_slate(int width, int height, GstClockTime running, GstClockTime duration, const std::string& title,
                       const std::string& line) {
  width = std::max(16, width & ~1);
  height = std::max(16, height & ~1);
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, guint(width), guint(height));
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, info.size, nullptr);
  if (gst::MappedFrame mapped{info, buffer, GST_MAP_WRITE}) {
    GstVideoFrame& frame = mapped.frame();
    for (guint plane = 0; plane < 3; ++plane)
      std::memset(GST_VIDEO_FRAME_PLANE_DATA(&frame, plane), plane == 0 ? 40 : 128,
                  std::size_t(GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane)) *
                      std::size_t(GST_VIDEO_FRAME_COMP_HEIGHT(&frame, plane)));
    draw::Surface surface(gst::image_of(frame));
    const draw::Font large(std::clamp(height / 16, 8, 64)), small(std::clamp(height / 28, 6, 40));
    centred(surface, large, height / 2, title, kBright);
    centred(surface, small, height / 2 + 2 * large.capital(), line, kDim);
  }
  GST_BUFFER_PTS(buffer) = running;
  GST_BUFFER_DURATION(buffer) = duration;
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  OwnedCaps caps(gst_video_info_to_caps(&info));
  OwnedSample sample(gst_sample_new(buffer, caps.get(), &segment, nullptr));
  gst_buffer_unref(buffer);
  return sample;
}

}  // namespace vireo::deployment
