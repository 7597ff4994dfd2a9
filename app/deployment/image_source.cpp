// Pictures as a source: every file is decoded by itself, so that formats and sizes may differ from one to the next, and
// becomes exactly one frame. A feeding thread decodes ahead; appsrc's queue bounds how far.

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include <atomic>
#include <thread>

#include "app/deployment/sources.h"

namespace vireo::deployment {
namespace {

struct SampleUnref {
  void operator()(GstSample* sample) const noexcept { gst_sample_unref(sample); }
};
using OwnedSample = std::unique_ptr<GstSample, SampleUnref>;

/// Pictures in formats that we know are decoded to RGB; others are left to GStreamer.
const char* decoder_for(const std::string& file) {
  for (const char* extension : {".jpg", ".jpeg", ".JPG", ".JPEG", ".png", ".PNG"}) {
    if (!g_str_has_suffix(file.c_str(), extension)) continue;
    if (GstElementFactory* known = gst_element_factory_find("gdkpixbufdec")) {
      gst_object_unref(known);
      return "gdkpixbufdec";
    }
  }
  return "decodebin";
}

/// The one picture of the file, or an empty pointer with the reason in `why`.
OwnedSample decode(const std::string& file, std::string& why) {
  const std::string text =
      std::string("filesrc name=file ! ") + decoder_for(file) +
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
    for (std::size_t i = 0; i < files_.size() && !stop_; ++i) {
      std::string why;
      OwnedSample sample = decode(files_[i], why);
      if (!sample) {
        if (!stop_)
          GST_ELEMENT_ERROR(source_, STREAM, DECODE, ("Picture '%s': %s", files_[i].c_str(), why.c_str()),
                            ("remove the file or repair it"));
        return;
      }
      if (!push(sample.get(), i)) return;
    }
    if (!stop_) gst_app_src_end_of_stream(source_);
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
