#include "plugins/gst/video_image.h"

namespace vireo::gst {
namespace {

sdk::PixelFormat format_of(GstVideoFormat format) {
  switch (format) {
    case GST_VIDEO_FORMAT_NV12: return sdk::PixelFormat::nv12;
    case GST_VIDEO_FORMAT_I420: return sdk::PixelFormat::i420;
    case GST_VIDEO_FORMAT_RGB: return sdk::PixelFormat::rgb;
    case GST_VIDEO_FORMAT_BGRA: return sdk::PixelFormat::bgra;
    case GST_VIDEO_FORMAT_RGBA: return sdk::PixelFormat::rgba;
    case GST_VIDEO_FORMAT_BGRx: return sdk::PixelFormat::bgrx;
    case GST_VIDEO_FORMAT_RGBx: return sdk::PixelFormat::rgbx;
    case GST_VIDEO_FORMAT_GRAY8: return sdk::PixelFormat::gray8;
    default: return sdk::PixelFormat::bgr;
  }
}

sdk::ColorMatrix matrix_of(const GstVideoInfo& info) {
  switch (info.colorimetry.matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT709:
    case GST_VIDEO_COLOR_MATRIX_SMPTE240M: return sdk::ColorMatrix::bt709;
    case GST_VIDEO_COLOR_MATRIX_BT2020: return sdk::ColorMatrix::bt2020;
    case GST_VIDEO_COLOR_MATRIX_UNKNOWN:  // as players guess
      return GST_VIDEO_INFO_HEIGHT(&info) >= 720 ? sdk::ColorMatrix::bt709 : sdk::ColorMatrix::bt601;
    default: return sdk::ColorMatrix::bt601;
  }
}

}  // namespace

sdk::Image image_of(const GstVideoFrame& frame) {
  sdk::Image image;
  image.format = format_of(GST_VIDEO_FRAME_FORMAT(&frame));
  image.width = GST_VIDEO_FRAME_WIDTH(&frame);
  image.height = GST_VIDEO_FRAME_HEIGHT(&frame);
  image.matrix = matrix_of(frame.info);
  image.range =
      frame.info.colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255 ? sdk::ColorRange::full : sdk::ColorRange::limited;
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES(&frame) && plane < image.planes.size(); ++plane) {
    image.planes[plane] = {static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, plane)),
                           GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane)};
  }
  return image;
}

bool has_default_layout(GstBuffer* buffer, const GstVideoInfo& info) {
  const GstVideoMeta* meta = gst_buffer_get_video_meta(buffer);
  if (!meta) return true;
  for (guint plane = 0; plane < meta->n_planes; ++plane) {
    if (meta->stride[plane] != GST_VIDEO_INFO_PLANE_STRIDE(&info, plane) ||
        meta->offset[plane] != GST_VIDEO_INFO_PLANE_OFFSET(&info, plane)) {
      return false;
    }
  }
  return true;
}

GstBuffer* with_default_layout(GstBuffer* buffer, const GstVideoInfo& info) {
  GstBuffer* copy = gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr);
  bool good = false;
  if (copy) {
    MappedFrame src(info, buffer, GST_MAP_READ), dst(info, copy, GST_MAP_WRITE);
    good = src && dst && gst_video_frame_copy(&dst.frame(), &src.frame());
  }
  if (good) {
    gst_buffer_copy_into(copy, buffer,
                         GstBufferCopyFlags(GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS | GST_BUFFER_COPY_META),
                         0, -1);
    if (GstVideoMeta* meta = gst_buffer_get_video_meta(copy)) gst_buffer_remove_meta(copy, &meta->meta);
  } else {
    gst_clear_buffer(&copy);
  }
  gst_buffer_unref(buffer);
  return copy;
}

}  // namespace vireo::gst
