#include "app/deployment/encoder.h"

#include <gst/video/video.h>

#include <algorithm>
#include <array>

namespace vireo::deployment {
namespace {

/// In order of preference. Constant quality where the encoder has it; no B-frames, so that times in a file start at the
/// first frame's without an edit list that some players ignore.
constexpr std::array<EncoderKind, 3> kEncoders = {{
    {"x264enc", "pass=qual quantizer=21 speed-preset=superfast key-int-max=60 bframes=0",
     "pass=qual quantizer=23 bitrate=8000 speed-preset=superfast tune=zerolatency key-int-max=60 bframes=0",
     "h264parse", "video/x-h264,stream-format=avc,alignment=au", "rtph264pay"},
    {"openh264enc", "rate-control=quality bitrate=6000000 complexity=low gop-size=60",
     "rate-control=quality bitrate=6000000 complexity=low gop-size=60", "h264parse",
     "video/x-h264,stream-format=avc,alignment=au", "rtph264pay"},
    {"avenc_mpeg4", "bitrate=6000000", "bitrate=6000000", "mpeg4videoparse", "video/mpeg", "rtpmp4vpay"},
}};

/// The frame's caps with the video's rate: that of a slate is no reason to begin anew.
OwnedCaps with_rate(GstCaps* caps, GstCaps* format) {
  OwnedCaps out(gst_caps_copy(caps));
  const GValue* rate = gst_structure_get_value(gst_caps_get_structure(format, 0), "framerate");
  if (rate) gst_caps_set_value(out.get(), "framerate", rate);
  return out;
}

}  // namespace

const EncoderKind& find_encoder() {
  std::string tried;
  for (const EncoderKind& kind : kEncoders) {
    if (has_element(kind.factory) && has_element(kind.parser)) return kind;
    tried += (tried.empty() ? "" : ", ") + std::string(kind.factory);
  }
  throw Error(ErrorCode::not_found,
              "no video encoder found: tried " + tried + "; install gstreamer1.0-plugins-ugly (x264enc)");
}

/// Videos can't change their format on the way, and 4:2:0 wants even sizes.
OwnedCaps video_format(GstCaps* frame, GstBuffer* buffer) {
  GstVideoInfo from, to;
  if (!gst_video_info_from_caps(&from, frame)) return OwnedCaps(gst_caps_from_string("video/x-raw,format=I420"));
  const auto even = [](int extent) { return guint(std::max(2, extent & ~1)); };
  gst_video_info_set_format(&to, GST_VIDEO_FORMAT_I420, even(from.width), even(from.height));
  to.par_n = from.par_n;
  to.par_d = from.par_d;
  to.fps_n = from.fps_n;
  to.fps_d = from.fps_d;
  if (to.fps_n == 0 && GST_BUFFER_DURATION_IS_VALID(buffer) && GST_BUFFER_DURATION(buffer) > 0) {
    // Parsers forget how long frames last where there is no rate, and the last one would last no time.
    gst_util_double_to_fraction(double(GST_SECOND) / double(GST_BUFFER_DURATION(buffer)), &to.fps_n, &to.fps_d);
  }
  if (GST_VIDEO_INFO_IS_YUV(&from)) to.colorimetry = from.colorimetry;
  return OwnedCaps(gst_video_info_to_caps(&to));
}

GstElement* EncoderChain::build(GstBin* bin, GstElement* after) {
  const EncoderKind& kind = find_encoder();
  GstElement* convert = add_element(bin, "videoconvert");
  GstElement* scale = add_element(bin, "videoscale");
  g_object_set(scale, "add-borders", TRUE, nullptr);
  filter_ = add_element(bin, "capsfilter");
  GstElement* encoder = add_element(bin, kind.factory, "encoder");
  gchar** settings = g_strsplit(kind.for_files, " ", 0);
  for (gchar** setting = settings; *setting; ++setting) {
    gchar** pair = g_strsplit(*setting, "=", 2);
    gst_util_set_object_arg(G_OBJECT(encoder), pair[0], pair[1]);
    g_strfreev(pair);
  }
  g_strfreev(settings);
  GstElement* parser = add_element(bin, kind.parser);
  link(after, convert);
  link(convert, scale);
  link(scale, filter_);
  link(filter_, encoder);
  link(encoder, parser);
  encoder_.reset(GST_ELEMENT(gst_object_ref(encoder)));
  format_.reset();
  return parser;
}

OwnedSample EncoderChain::prepare(GstSample* sample, GstClockTime running, GstClockTime start) {
  if (!format_) {
    format_ = video_format(gst_sample_get_caps(sample), gst_sample_get_buffer(sample));
    g_object_set(filter_, "caps", format_.get(), nullptr);
    next_key_ = key_every_;
  }
  GstBuffer* buffer = gst_buffer_copy(gst_sample_get_buffer(sample));
  const GstClockTime time = running - start;
  GST_BUFFER_PTS(buffer) = time;
  GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
  if (time >= next_key_) {
    Owned<GstPad> pad(gst_element_get_static_pad(encoder_.get(), "src"));
    gst_pad_send_event(pad.get(), gst_video_event_new_upstream_force_key_unit(time, FALSE, 0));
    next_key_ = (time / key_every_ + 1) * key_every_;
  }
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  const OwnedCaps caps = with_rate(gst_sample_get_caps(sample), format_.get());
  OwnedSample out(gst_sample_new(buffer, caps.get(), &segment, nullptr));
  gst_buffer_unref(buffer);
  return out;
}

}  // namespace vireo::deployment
