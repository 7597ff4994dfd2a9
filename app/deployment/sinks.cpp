#include "app/deployment/sinks.h"

#include <gst/video/video.h>

#include <array>
#include <filesystem>

#include "app/deployment/pipeline.h"

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

bool exists(const char* factory) {
  GstElementFactory* known = gst_element_factory_find(factory);
  if (known) gst_object_unref(known);
  return known != nullptr;
}

/// Adds the best encoder there is and its parser; returns the parser.
GstElement* add_encoder(GstBin* bin, GstElement* after) {
  for (const Encoder& encoder : kEncoders) {
    if (!exists(encoder.factory) || !exists(encoder.parser)) continue;
    GstElement* element = add_element(bin, encoder.factory);
    gchar** settings = g_strsplit(encoder.settings, " ", 0);
    for (gchar** setting = settings; *setting; ++setting) {
      gchar** pair = g_strsplit(*setting, "=", 2);
      gst_util_set_object_arg(G_OBJECT(element), pair[0], pair[1]);
      g_strfreev(pair);
    }
    g_strfreev(settings);
    GstElement* parser = add_element(bin, encoder.parser);
    link(after, element);
    link(element, parser);
    return parser;
  }
  throw Error(ErrorCode::not_found,
              "no video encoder found: tried x264enc, openh264enc, avenc_mpeg4; install "
              "gstreamer1.0-plugins-ugly (x264enc)");
}

/// Files can't change their size on the way, and 4:2:0 wants even ones: all frames are fitted into the size of the
/// first.
GstPadProbeReturn fix_size(GstPad*, GstPadProbeInfo* info, gpointer filter) {
  GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
  if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return GST_PAD_PROBE_OK;
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  GstVideoInfo video;
  if (!gst_video_info_from_caps(&video, caps)) return GST_PAD_PROBE_OK;
  const auto even = [](int extent) { return std::max(2, extent & ~1); };
  OwnedCaps fixed(gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT,
                                      even(GST_VIDEO_INFO_WIDTH(&video)), "height", G_TYPE_INT,
                                      even(GST_VIDEO_INFO_HEIGHT(&video)), "pixel-aspect-ratio", GST_TYPE_FRACTION,
                                      GST_VIDEO_INFO_PAR_N(&video), GST_VIDEO_INFO_PAR_D(&video), nullptr));
  g_object_set(GST_ELEMENT(filter), "caps", fixed.get(), nullptr);
  return GST_PAD_PROBE_REMOVE;
}

GstElement* add_queue(GstBin* bin) {
  GstElement* queue = add_element(bin, "queue");
  g_object_set(queue, "max-size-buffers", 4u, "max-size-bytes", 0u, "max-size-time", guint64(0), nullptr);
  return queue;
}

}  // namespace

SinkAddress parse_sink(const std::string& text) {
  if (text == "display" || text == "window") return {SinkKind::display, {}};
  if (text == "none" || text == "fakesink") return {SinkKind::none, {}};
  const std::string extension = fs::path(text).extension().string();
  const auto colon = text.find(':');
  const bool scheme = colon != std::string::npos && colon > 1 && text.find('/') > colon;
  if (!scheme && (extension == ".mp4" || extension == ".mkv" || extension == ".m4v" || extension == ".mov")) {
    return {SinkKind::video_file, text};
  }
  if (!scheme && (extension == ".jsonl" || extension == ".json")) return {SinkKind::publisher, "jsonl:" + text};
  if (text == "-" || text == "jsonl") return {SinkKind::publisher, "jsonl:-"};
  if (scheme && text.find("://") == std::string::npos) return {SinkKind::publisher, text};
  throw Error(ErrorCode::invalid_argument,
              "sink '" + text + "': accepted are display, FILE.mp4, FILE.mkv, jsonl:FILE, jsonl:- and none");
}

std::string with_name(const std::string& file, const std::string& name) {
  const fs::path path(file);
  return (path.parent_path() / (path.stem().string() + "-" + name + path.extension().string())).string();
}

GstElement* add_file_sink(GstBin* pipeline, const std::string& file) {
  const fs::path folder = fs::path(file).parent_path();
  std::error_code failed;
  if (!folder.empty() && !fs::is_directory(folder, failed)) {
    throw Error(ErrorCode::not_found, "sink '" + file + "': there is no directory '" + folder.string() + "'");
  }
  GstElement* bin = gst_bin_new(nullptr);
  gst_bin_add(pipeline, bin);
  GstElement* queue = add_queue(GST_BIN(bin));
  GstElement* convert = add_element(GST_BIN(bin), "videoconvert");
  GstElement* scale = add_element(GST_BIN(bin), "videoscale");
  g_object_set(scale, "add-borders", TRUE, nullptr);
  GstElement* filter = add_element(GST_BIN(bin), "capsfilter");
  link(queue, convert);
  link(convert, scale);
  link(scale, filter);
  GstElement* parser = add_encoder(GST_BIN(bin), filter);
  const bool matroska = fs::path(file).extension() == ".mkv";
  GstElement* mux = add_element(GST_BIN(bin), matroska ? "matroskamux" : "mp4mux");
  if (!matroska) g_object_set(mux, "faststart", TRUE, nullptr);
  GstElement* sink = add_element(GST_BIN(bin), "filesink");
  // Encoders look ahead: a pipeline that waited for the file's first bytes could starve when a window waits too.
  g_object_set(sink, "location", file.c_str(), "async", FALSE, nullptr);
  link(parser, mux);
  link(mux, sink);
  Owned<GstPad> in(gst_element_get_static_pad(queue, "sink"));
  gst_pad_add_probe(in.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, fix_size, filter, nullptr);
  add_ghost(GST_BIN(bin), queue, "sink");
  return bin;
}

GstElement* add_display_sink(GstBin* pipeline, const std::string& factory, bool wait, bool skip_late) {
  GstElement* bin = gst_bin_new(nullptr);
  gst_bin_add(pipeline, bin);
  GstElement* queue = add_queue(GST_BIN(bin));
  GstElement* convert = add_element(GST_BIN(bin), "videoconvert");
  GstElement* sink = add_element(GST_BIN(bin), factory.c_str());
  g_object_set(sink, "sync", wait, "qos", skip_late, nullptr);
  link(queue, convert);
  link(convert, sink);
  add_ghost(GST_BIN(bin), queue, "sink");
  return bin;
}

GstElement* add_null_sink(GstBin* pipeline) {
  GstElement* sink = add_element(pipeline, "fakesink");
  g_object_set(sink, "sync", FALSE, "async", FALSE, nullptr);
  return sink;
}

std::string find_display_sink() {
  load_elements();
  const bool wayland = g_getenv("WAYLAND_DISPLAY") != nullptr;  // without one the Wayland library complains on stderr
  for (const char* factory : {"waylandsink", "xvimagesink", "ximagesink"}) {
    if (!wayland && g_str_equal(factory, "waylandsink")) continue;
    GstElement* sink = gst_element_factory_make(factory, nullptr);
    if (!sink) continue;
    const bool good = gst_element_set_state(sink, GST_STATE_READY) == GST_STATE_CHANGE_SUCCESS;
    gst_element_set_state(sink, GST_STATE_NULL);
    gst_object_unref(sink);
    if (good) return factory;
  }
  return {};
}

}  // namespace vireo::deployment
