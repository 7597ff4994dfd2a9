// Pictures as a source: every file is decoded by itself, so that formats and sizes may differ from one to the next, and
// becomes exactly one frame. A feeding thread decodes ahead; appsrc's queue bounds how far.

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include <atomic>
#include <thread>

#include "app/deployment/animated_gif.h"
#include "app/deployment/sources.h"

namespace vireo::deployment {
namespace {

/// The one picture of the file by this decoder, or an empty pointer with the reason in `why`.
OwnedSample decode_by(const char* decoder, const std::string& file, std::string& why) {
  const std::string text =
      std::string("filesrc name=file ! ") + decoder +
      " ! videoconvert ! video/x-raw,format={RGB,BGR,GRAY8,BGRA,RGBA,I420,NV12} ! appsink name=out sync=false";
  GError* error = nullptr;
  Owned<GstElement> pipeline(gst_parse_launch(text.c_str(), &error));
  if (error) {
    why = error->message;
    g_clear_error(&error);
    return {};
  }
  Owned<GstElement> source(gst_bin_get_by_name(GST_BIN(pipeline.get()), "file")),
      out(gst_bin_get_by_name(GST_BIN(pipeline.get()), "out"));
  g_object_set(source.get(), "location", file.c_str(), nullptr);
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  Owned<GstBus> bus(gst_element_get_bus(pipeline.get()));
  OwnedSample sample;
  why = "not a picture that can be decoded";
  for (int waited = 0; waited < 400 && !sample && !gst_app_sink_is_eos(GST_APP_SINK(out.get())); ++waited) {
    sample.reset(gst_app_sink_try_pull_sample(GST_APP_SINK(out.get()), 50 * GST_MSECOND));
    GstMessage* message = sample ? nullptr : gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR);
    if (!message) continue;
    gst_message_parse_error(message, &error, nullptr);
    why = error->message;
    g_clear_error(&error);
    gst_message_unref(message);
    break;
  }
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  return sample;
}

/// gdkpixbufdec reads what GStreamer's own choice stumbles over, such as BMP; that one knows further formats.
OwnedSample decode(const std::string& file, std::string& why) {
  if (is_animated_gif(file)) {
    why = "an animated GIF can't be played";
    return {};
  }
  std::string first;
  if (has_element("gdkpixbufdec")) {
    if (OwnedSample sample = decode_by("gdkpixbufdec", file, first)) return sample;
  }
  OwnedSample sample = decode_by("decodebin", file, why);
  if (!sample && !first.empty()) why = first;
  return sample;
}

/// Lives as long as the appsrc that it feeds.
class Feeder {
 public:
  Feeder(GstAppSrc* source, std::vector<std::string> files, double fps)
      : source_(source), files_(std::move(files)), duration_(GstClockTime(GST_SECOND / (fps > 0 ? fps : 30.0))) {}
  ~Feeder() { halt(); }
  void start() {
    if (thread_.joinable()) return;
    stop_ = false;
    thread_ = std::thread([this] { feed(); });
  }
  void halt() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  void feed() {
    std::size_t shown = 0;
    for (std::size_t i = 0; i < files_.size() && !stop_; ++i) {
      std::string why;
      OwnedSample sample = decode(files_[i], why);
      if (!sample) {
        if (!stop_) leave_out(files_[i], why);
        continue;
      }
      if (!push(sample.get(), shown++)) return;
    }
    if (stop_) return;
    if (shown == 0)
      GST_ELEMENT_ERROR(source_, STREAM, DECODE, ("None of %u pictures can be read", unsigned(files_.size())),
                        (nullptr));
    else gst_app_src_end_of_stream(source_);
  }
  void leave_out(const std::string& file, const std::string& why) {
    const std::string text = "picture '" + file + "' is left out: " + why + "; remove the file or repair it";
    gst_element_post_message(
        GST_ELEMENT(source_),
        gst_message_new_application(GST_OBJECT(source_),
                                    gst_structure_new("vireo-left-out", "text", G_TYPE_STRING, text.c_str(), nullptr)));
  }
  bool push(GstSample* sample, std::size_t index) {
    GstBuffer* buffer = gst_buffer_copy(gst_sample_get_buffer(sample));
    GST_BUFFER_PTS(buffer) = index * duration_;
    GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
    GST_BUFFER_DURATION(buffer) = duration_;
    GstCaps* caps = gst_caps_copy(gst_sample_get_caps(sample));
    gst_caps_set_simple(caps, "framerate", GST_TYPE_FRACTION, gint(GST_SECOND / 1000), gint(duration_ / 1000), nullptr);
    GstSample* timed = gst_sample_new(buffer, caps, nullptr, nullptr);
    const GstFlowReturn result = gst_app_src_push_sample(source_, timed);
    gst_sample_unref(timed);
    gst_caps_unref(caps);
    gst_buffer_unref(buffer);
    return result == GST_FLOW_OK;
  }

  GstAppSrc* source_;
  std::vector<std::string> files_;
  GstClockTime duration_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace

GstElement* add_image_source(GstBin* pipeline, std::vector<std::string> files, double fps, const std::string& name) {
  GstElement* bin = gst_bin_new(name.c_str());
  gst_bin_add(pipeline, bin);
  GstElement* source = add_element(GST_BIN(bin), "appsrc");
  g_object_set(source, "format", GST_FORMAT_TIME, "block", TRUE, "max-buffers", guint64(4), "max-bytes", guint64(0),
               nullptr);
  add_ghost(GST_BIN(bin), source, "src");
  auto* feeder = new Feeder(GST_APP_SRC(source), std::move(files), fps);
  g_object_set_data_full(G_OBJECT(source), "vireo-feeder", feeder,
                         [](gpointer data) { delete static_cast<Feeder*>(data); });
  GstAppSrcCallbacks callbacks{};
  callbacks.need_data = [](GstAppSrc*, guint, gpointer data) { static_cast<Feeder*>(data)->start(); };
  gst_app_src_set_callbacks(GST_APP_SRC(source), &callbacks, feeder, nullptr);
  return bin;
}

}  // namespace vireo::deployment
