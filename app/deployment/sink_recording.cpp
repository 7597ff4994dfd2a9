// A video file: H.264 in MP4 or Matroska, with all frames and their times; the first frame's size stays. MP4 is written
// in fragments of a second, so that what is there plays, however the recording ends.

#include <gst/video/video.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "app/deployment/recording_file.h"
#include "app/deployment/sinks.h"

namespace vireo::deployment {
namespace {

namespace fs = std::filesystem;

struct Encoder {
  const char *factory, *settings, *parser;
};
/// In order of preference. Constant quality where the encoder has it; no B-frames, so that times in the file start at
/// the first frame's without an edit list that some players ignore.
constexpr std::array<Encoder, 3> kEncoders = {{
    {"x264enc", "pass=qual quantizer=21 speed-preset=superfast key-int-max=60 bframes=0", "h264parse"},
    {"openh264enc", "rate-control=quality bitrate=6000000 complexity=low gop-size=60", "h264parse"},
    {"avenc_mpeg4", "bitrate=6000000", "mpeg4videoparse"},
}};

/// Fragments begin at key frames: one at least so often, whatever the frame rate.
constexpr GstClockTime kKeyEvery = 2 * GST_SECOND;

/// Adds the best encoder there is, named "encoder", and its parser; returns the parser.
GstElement* add_encoder(GstBin* bin, GstElement* after, const config::Options& properties) {
  for (const Encoder& encoder : kEncoders) {
    if (!has_element(encoder.factory) || !has_element(encoder.parser)) continue;
    GstElement* element = add_element(bin, encoder.factory, "encoder");
    gchar** settings = g_strsplit(encoder.settings, " ", 0);
    for (gchar** setting = settings; *setting; ++setting) {
      gchar** pair = g_strsplit(*setting, "=", 2);
      gst_util_set_object_arg(G_OBJECT(element), pair[0], pair[1]);
      g_strfreev(pair);
    }
    g_strfreev(settings);
    set_properties(element, properties);
    GstElement* parser = add_element(bin, encoder.parser);
    link(after, element);
    link(element, parser);
    return parser;
  }
  throw Error(ErrorCode::not_found,
              "no video encoder found: tried x264enc, openh264enc, avenc_mpeg4; install "
              "gstreamer1.0-plugins-ugly (x264enc)");
}

/// Files can't change their format on the way, and 4:2:0 wants even sizes: all frames are fitted into the format of the
/// first.
OwnedCaps file_format(GstCaps* first, GstBuffer* buffer) {
  GstVideoInfo from, to;
  if (!gst_video_info_from_caps(&from, first)) return OwnedCaps(gst_caps_from_string("video/x-raw,format=I420"));
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

/// The frame's caps with the file's rate: that of a slate is no reason to begin anew.
OwnedCaps with_rate(GstCaps* caps, GstCaps* format) {
  OwnedCaps out(gst_caps_copy(caps));
  const GValue* rate = gst_structure_get_value(gst_caps_get_structure(format, 0), "framerate");
  if (rate) gst_caps_set_value(out.get(), "framerate", rate);
  return out;
}

class Recording final : public Output {
 public:
  Recording(const config::SinkConfig& sink, const OutputContext& context) : Output(sink, context, 4) {}

 protected:
  /// What this run has recorded already stays: the next part gets a number.
  void opening() override {
    const fs::path target = sink().to;
    const int before = context().ledger->begin(fs::absolute(target).lexically_normal().string());
    file_ = std::make_unique<RecordingFile>(before == 0 ? target : free_name(target, std::to_string(before + 1)));
  }
  void build(GstBin* pipeline, GstElement* appsrc) override {
    const bool matroska = fs::path(sink().to).extension() == ".mkv";
    GstElement* convert = add_element(pipeline, "videoconvert");
    GstElement* scale = add_element(pipeline, "videoscale");
    g_object_set(scale, "add-borders", TRUE, nullptr);
    filter_ = add_element(pipeline, "capsfilter");
    link(appsrc, convert);
    link(convert, scale);
    link(scale, filter_);
    GstElement* parser = add_encoder(pipeline, filter_, sink().properties);
    GstElement* mux = add_element(pipeline, matroska ? "matroskamux" : "mp4mux");
    if (!matroska) g_object_set(mux, "fragment-duration", 1000u, nullptr);
    GstElement* end = add_element(pipeline, "filesink");
    g_object_set(end, "location", file_ ? file_->part().c_str() : sink().to.c_str(), "async", FALSE, nullptr);
    set_property(end, "buffer-mode", "unbuffered");  // what is recorded is on the disk
    link(parser, mux);
    link(mux, end);
    format_.reset();
    encoder_.reset(gst_bin_get_by_name(pipeline, "encoder"));
  }
  /// The file's time begins with its first frame and only goes forward.
  OwnedSample prepare(GstSample* sample, GstClockTime running, GstClockTime start) override {
    if (!format_) {
      format_ = file_format(gst_sample_get_caps(sample), gst_sample_get_buffer(sample));
      g_object_set(filter_, "caps", format_.get(), nullptr);
      next_key_ = kKeyEvery;
    }
    GstBuffer* buffer = gst_buffer_copy(gst_sample_get_buffer(sample));
    GST_BUFFER_PTS(buffer) = running - start;
    GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
    if (GST_BUFFER_PTS(buffer) >= next_key_) {
      Owned<GstPad> pad(gst_element_get_static_pad(encoder_.get(), "src"));
      gst_pad_send_event(pad.get(), gst_video_event_new_upstream_force_key_unit(GST_BUFFER_PTS(buffer), FALSE, 0));
      next_key_ = GST_BUFFER_PTS(buffer) + kKeyEvery;
    }
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    const OwnedCaps caps = with_rate(gst_sample_get_caps(sample), format_.get());
    OwnedSample out(gst_sample_new(buffer, caps.get(), &segment, nullptr));
    gst_buffer_unref(buffer);
    return out;
  }
  void completed() override {
    const std::unique_ptr<RecordingFile> file = std::move(file_);
    file->complete();
  }
  std::string broken() override {
    const std::unique_ptr<RecordingFile> file = std::move(file_);
    std::error_code failed;
    if (!file || fs::file_size(file->part(), failed) == 0 || failed) return {};
    return "what was recorded until then is in '" + file->part().string() + "'";
  }

 private:
  std::unique_ptr<RecordingFile> file_;
  GstElement* filter_ = nullptr;  ///< borrowed from the pipeline
  Owned<GstElement> encoder_;
  OwnedCaps format_;           ///< of all frames in the file
  GstClockTime next_key_ = 0;  ///< when a key frame is due
};

std::optional<SinkAddress> parse(const std::string& to) {
  static constexpr std::string_view kEnds[] = {".mp4", ".mkv", ".m4v", ".mov"};
  if (!is_file_named(to, kEnds)) return std::nullopt;
  return SinkAddress{{}, to};
}

std::unique_ptr<Output> create(const config::SinkConfig& sink, const OutputContext& context) {
  const fs::path folder = fs::path(sink.to).parent_path();
  std::error_code failed;
  if (!folder.empty() && !fs::is_directory(folder, failed))
    throw Error(ErrorCode::not_found, "sink '" + sink.to + "': there is no directory '" + folder.string() + "'");
  return std::make_unique<Recording>(sink, context);
}

}  // namespace

extern const SinkRow kRecordingSink;
const SinkRow kRecordingSink{"FILE.mp4, FILE.mkv", true, true, true, parse, create};

}  // namespace vireo::deployment
