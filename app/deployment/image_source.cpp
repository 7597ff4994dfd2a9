// Pictures as a source: every file is decoded by itself, so that formats and sizes may differ from one to the next, and
// becomes exactly one frame. A feeding thread decodes ahead; appsrc's queue bounds how far.

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include <atomic>
#include <thread>

#include "app/deployment/gif.h"
#include "app/deployment/orientation.h"
#include "app/deployment/sources.h"
#include "plugins/gst/picture_name.h"

namespace vireo::deployment {
namespace {

/// Cameras turn pictures by a mark in the file.
std::string turn(const std::string& file) {
  const int orientation = exif_orientation(file);
  if (orientation == 1 || !has_element("videoflip")) return {};
  return std::string(" ! videoconvert ! videoflip video-direction=") + video_direction(orientation);
}

/// The one picture of the file by this decoder, or an empty pointer with the reason in `why`.
OwnedSample decode_by(const char* decoder, const std::string& file, std::string& why) {
  const std::string text =
      std::string("filesrc name=file ! ") + decoder + turn(file) +
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
    if (files_.size() == 1 && is_animated_gif(files_[0])) {
      feed_animation();
      return;
    }
    std::size_t shown = 0;
    for (std::size_t i = 0; i < files_.size() && !stop_; ++i) {
      std::string why;
      OwnedSample sample = decode(files_[i], why);
      if (!sample) {
        if (!stop_) leave_out(files_[i], why);
        continue;
      }
      if (!push(files_[i], gst_sample_get_buffer(sample.get()), gst_sample_get_caps(sample.get()), shown++ * duration_,
                duration_))
        return;
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
  bool push(const std::string& file, GstBuffer* picture, GstCaps* format, GstClockTime time, GstClockTime duration) {
    GstBuffer* buffer = gst_buffer_copy(picture);
    gst::attach_picture_name(buffer, file);
    GST_BUFFER_PTS(buffer) = time;
    GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
    GST_BUFFER_DURATION(buffer) = duration;
    OwnedCaps caps(gst_caps_copy(format));
    gst_caps_set_simple(caps.get(), "framerate", GST_TYPE_FRACTION, gint(GST_SECOND / 1000), gint(duration_ / 1000),
                        nullptr);
    OwnedSample timed(gst_sample_new(buffer, caps.get(), nullptr, nullptr));
    gst_buffer_unref(buffer);
    return gst_app_src_push_sample(source_, timed.get()) == GST_FLOW_OK;
  }
  /// Its frames last as long as it says.
  void feed_animation() {
    try {
      Gif gif(files_[0]);
      GstVideoInfo info;
      gst_video_info_set_format(&info, GST_VIDEO_FORMAT_RGB, guint(gif.width()), guint(gif.height()));
      const OwnedCaps caps(gst_video_info_to_caps(&info));
      const auto row = std::size_t(gif.width()) * 3, stride = std::size_t(info.stride[0]);
      GstClockTime time = 0;
      for (int frames = 0; !stop_ && gif.next(); ++frames) {
        const GstClockTime delay = GstClockTime(gif.delay_ms()) * GST_MSECOND;
        if (frames == 0) duration_ = delay;
        GstBuffer* buffer = gst_buffer_new_allocate(nullptr, info.size, nullptr);
        for (std::size_t y = 0; y < std::size_t(gif.height()); ++y)
          gst_buffer_fill(buffer, y * stride, gif.pixels().data() + y * row, row);
        const bool taken = push(files_[0], buffer, caps.get(), time, delay);
        gst_buffer_unref(buffer);
        if (!taken) return;
        time += delay;
      }
      if (gif.cut_off() && !stop_) leave_out(files_[0], "it is cut off or damaged behind what was shown");
      if (!stop_) gst_app_src_end_of_stream(source_);
    } catch (const Error& error) {
      GST_ELEMENT_ERROR(source_, STREAM, DECODE, ("%s", error.what()), (nullptr));
    }
  }

  GstAppSrc* source_;
  std::vector<std::string> files_;
  GstClockTime duration_;  ///< of a picture
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
