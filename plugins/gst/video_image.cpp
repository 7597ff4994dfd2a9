#include "plugins/gst/video_image.h"

#include <algorithm>

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
    case GST_VIDEO_FORMAT_YUY2: return sdk::PixelFormat::yuy2;
    case GST_VIDEO_FORMAT_UYVY: return sdk::PixelFormat::uyvy;
    default: return sdk::PixelFormat::bgr;
  }
}

sdk::ColorRange range_of(const GstVideoInfo& info) {
  return info.colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255 ? sdk::ColorRange::full : sdk::ColorRange::limited;
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

using Bytes = std::uint8_t*;
using ConstBytes = const std::uint8_t*;

ConstBytes row_of(const GstVideoFrame& frame, guint plane, int y) {
  return static_cast<ConstBytes>(GST_VIDEO_FRAME_PLANE_DATA(&frame, plane)) +
         std::ptrdiff_t(y) * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane);
}

/// Two rows of Y U Y V (or U Y V Y: `luma` 1) become two rows of luma and one of U V; the second row may be the first.
void split_packed(ConstBytes a, ConstBytes b, int luma, int width, Bytes y0, Bytes y1, Bytes uv) {
  const int chroma = 1 - luma, pairs = (width + 1) / 2;
  for (int x = 0; x < width; ++x) y0[x] = a[2 * x + luma], y1[x] = b[2 * x + luma];
  for (int x = 0; x < 2 * pairs; ++x) uv[x] = std::uint8_t((a[2 * x + chroma] + b[2 * x + chroma] + 1) / 2);
}

/// 10-bit samples in 16-bit little-endian words, `shift` bits up, to 8 bits.
void to_bytes(ConstBytes src, int count, int shift, int step, Bytes dst) {
  for (int i = 0; i < count; ++i) {
    const int value = (src[2 * i] | src[2 * i + 1] << 8) >> shift;  // 10 bits
    dst[i * step] = std::uint8_t(std::min((value + 2) >> 2, 255));
  }
}

}  // namespace

sdk::Image image_of(const GstVideoFrame& frame, FrameScratch& scratch) {
  const GstVideoFormat format = GST_VIDEO_FRAME_FORMAT(&frame);
  const bool packed = format == GST_VIDEO_FORMAT_YUY2 || format == GST_VIDEO_FORMAT_UYVY;
  const bool deep = format == GST_VIDEO_FORMAT_P010_10LE || format == GST_VIDEO_FORMAT_I420_10LE;
  if (!packed && !deep) return image_of(frame);
  const int width = GST_VIDEO_FRAME_WIDTH(&frame), height = GST_VIDEO_FRAME_HEIGHT(&frame);
  const int stride = (width + 1) / 2 * 2, lines = (height + 1) / 2;
  scratch.bytes.resize(std::size_t(stride) * (std::size_t(height) + std::size_t(lines)));
  const auto luma = [&](int y) { return scratch.bytes.data() + std::ptrdiff_t(y) * stride; };
  const auto chroma = [&](int y) { return luma(height + y); };
  if (packed) {
    for (int y = 0; y < height; y += 2) {
      const int next = std::min(y + 1, height - 1);
      split_packed(row_of(frame, 0, y), row_of(frame, 0, next), format == GST_VIDEO_FORMAT_YUY2 ? 0 : 1, width, luma(y),
                   luma(next), chroma(y / 2));
    }
  } else {
    const bool interleaved = format == GST_VIDEO_FORMAT_P010_10LE;  // and in the high bits
    for (int y = 0; y < height; ++y) to_bytes(row_of(frame, 0, y), width, interleaved ? 6 : 0, 1, luma(y));
    for (int y = 0; y < lines; ++y) {
      if (interleaved) {
        to_bytes(row_of(frame, 1, y), stride, 6, 1, chroma(y));
        continue;
      }
      for (int c = 0; c < 2; ++c) to_bytes(row_of(frame, guint(1 + c), y), stride / 2, 0, 2, chroma(y) + c);
    }
  }
  sdk::Image image;
  image.format = sdk::PixelFormat::nv12;
  image.width = width, image.height = height;
  image.matrix = matrix_of(frame.info);
  image.range = range_of(frame.info);
  image.planes[0] = {luma(0), stride};
  image.planes[1] = {chroma(0), stride};
  return image;
}

sdk::Image image_of(const GstVideoFrame& frame) {
  sdk::Image image;
  image.format = format_of(GST_VIDEO_FRAME_FORMAT(&frame));
  image.width = GST_VIDEO_FRAME_WIDTH(&frame);
  image.height = GST_VIDEO_FRAME_HEIGHT(&frame);
  image.matrix = matrix_of(frame.info);
  image.range = range_of(frame.info);
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
