// A window. Files are shown at their speed, live streams at once.

#include <algorithm>

#include "app/deployment/elements.h"
#include "app/deployment/sinks.h"
#include "engine/api/log.h"

namespace vireo::deployment {

namespace {

constexpr const char* kFactories[] = {"waylandsink", "xvimagesink", "ximagesink"};

}  // namespace

std::string find_display_sink() {
  load_elements();
  const bool wayland = g_getenv("WAYLAND_DISPLAY") != nullptr;  // without one the Wayland library complains on stderr
  for (const char* factory : kFactories) {
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

namespace {

class Display final : public Output {
 public:
  Display(const config::SinkConfig& sink, const OutputContext& context, std::string factory)
      : Output(sink, context, 3), factory_(std::move(factory)) {}

 protected:
  void build(GstBin* pipeline, GstElement* appsrc) override {
    GstElement* convert = add_element(pipeline, "videoconvert");
    GstElement* sink = add_element(pipeline, factory_.c_str());
    g_object_set(sink, "sync", !context().live, "qos", !context().every_frame, nullptr);
    set_properties(sink, this->sink().properties);
    link(appsrc, convert);
    link(convert, sink);
    Owned<GstPad> pad(gst_element_get_static_pad(appsrc, "src"));
    gst_pad_add_probe(
        pad.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM,
        [](GstPad*, GstPadProbeInfo* info, gpointer data) {
          GstEvent* event = GST_PAD_PROBE_INFO_EVENT(info);
          const OutputContext& context = static_cast<Display*>(data)->context();
          if (GST_EVENT_TYPE(event) == GST_EVENT_QOS && context.qos) context.qos(gst_event_ref(event));
          return GST_PAD_PROBE_OK;
        },
        this, nullptr);
  }
  OwnedSample prepare(GstSample* sample, GstClockTime, GstClockTime) override {
    return OwnedSample(gst_sample_ref(sample));
  }
  [[nodiscard]] bool starts_with_slate() const override { return true; }
  [[nodiscard]] bool may_try_again() const override { return !closed_by_user(); }
  [[nodiscard]] bool is_closed_by_user(GstMessage* message) const override {
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    const bool closed = error && g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND);
    g_clear_error(&error);
    return closed;
  }

 private:
  std::string factory_;
};

std::optional<SinkAddress> parse(const std::string& to) {
  if (to != "display" && to != "window") return std::nullopt;
  return SinkAddress{"display", {}};
}

std::unique_ptr<Output> create(const config::SinkConfig& sink, const OutputContext& context) {
  std::string factory = find_display_sink();
  if (!factory.empty()) return std::make_unique<Display>(sink, context, std::move(factory));
  const auto known = std::find_if(std::begin(kFactories), std::end(kFactories), has_element);
  if (known != std::end(kFactories)) try_properties(*known, sink.properties);
  log(LogLevel::warning,
      "sink 'display': no window can be opened here (no X11 or Wayland display, or gstreamer1.0-x is missing); frames "
      "are processed but not shown. --sink FILE.mp4 writes them to a file");
  return nullptr;
}

}  // namespace

extern const SinkRow kDisplaySink;
const SinkRow kDisplaySink{"display", false, false, false, parse, create};

}  // namespace vireo::deployment
