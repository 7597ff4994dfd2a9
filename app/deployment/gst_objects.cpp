#include "app/deployment/gst_objects.h"

#include <gst/video/video.h>

#include <string_view>

namespace vireo::deployment {
namespace {

/// Debian's package for an element; other systems use similar names.
std::string package_of(std::string_view factory) {
  struct Row {
    std::string_view factory, package;
  };
  static constexpr Row kRows[] = {
      {"x264enc", "gstreamer1.0-plugins-ugly"},     {"openh264enc", "gstreamer1.0-plugins-bad"},
      {"h264parse", "gstreamer1.0-plugins-bad"},    {"mp4mux", "gstreamer1.0-plugins-good"},
      {"matroskamux", "gstreamer1.0-plugins-good"}, {"avenc_mpeg4", "gstreamer1.0-libav"},
      {"v4l2src", "gstreamer1.0-plugins-good"},     {"ximagesink", "gstreamer1.0-x"},
      {"jpegenc", "gstreamer1.0-plugins-good"},     {"pngenc", "gstreamer1.0-plugins-good"}};
  for (const Row& row : kRows) {
    if (row.factory == factory) return std::string(row.package);
  }
  return "gstreamer1.0-plugins-base";
}

}  // namespace

OwnedPipeline new_pipeline(const std::string& name) {
  return OwnedPipeline(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(name.c_str()))));
}

bool has_element(const char* factory) {
  GstElementFactory* known = gst_element_factory_find(factory);
  if (known) gst_object_unref(known);
  return known != nullptr;
}

GstElement* add_element(GstBin* bin, const char* factory, const std::string& name) {
  GstElement* element = gst_element_factory_make(factory, name.empty() ? nullptr : name.c_str());
  if (!element) {
    throw Error(ErrorCode::not_found, "GStreamer has no element '" + std::string(factory) + "'; install " +
                                          package_of(factory) + " ('vireo doctor' lists what is missing)");
  }
  gst_bin_add(bin, element);
  return element;
}

void link(GstElement* from, GstElement* to) {
  if (gst_element_link(from, to)) return;
  throw Error(ErrorCode::internal, "elements '" + take(gst_object_get_name(GST_OBJECT(from))) + "' and '" +
                                       take(gst_object_get_name(GST_OBJECT(to))) + "' can't be linked");
}

void add_ghost(GstBin* bin, GstElement* element, const char* pad) {
  Owned<GstPad> target(gst_element_get_static_pad(element, pad));
  gst_element_add_pad(GST_ELEMENT(bin), gst_ghost_pad_new(pad, target.get()));
}

void accept_any_planes(GstElement* sink) {
  Owned<GstPad> pad(gst_element_get_static_pad(sink, "sink"));
  gst_pad_add_probe(
      pad.get(), GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo* info, gpointer) {
        GstQuery* query = GST_PAD_PROBE_INFO_QUERY(info);
        if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION) return GST_PAD_PROBE_OK;
        gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
        return GST_PAD_PROBE_HANDLED;
      },
      nullptr, nullptr);
}

OwnedSample without_pixels(GstSample* sample) {
  GstBuffer* light = gst_buffer_new();
  gst_buffer_copy_into(light, gst_sample_get_buffer(sample),
                       GstBufferCopyFlags(GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS | GST_BUFFER_COPY_META), 0,
                       gsize(-1));
  OwnedSample out(gst_sample_new(light, gst_sample_get_caps(sample), gst_sample_get_segment(sample), nullptr));
  gst_buffer_unref(light);
  return out;
}

std::string describe(GstMessage* message) {
  GError* error = nullptr;
  gchar* debug = nullptr;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error(message, &error, &debug);
  } else {
    gst_message_parse_warning(message, &error, &debug);
  }
  std::string text = error ? error->message : "unknown error";
  const std::string detail = take(debug);
  // The first line of the details is a place in the source code.
  const auto line = detail.rfind('\n');
  if (line != std::string::npos && line + 1 < detail.size()) text += " (" + detail.substr(line + 1) + ")";
  g_clear_error(&error);
  return text;
}

std::string start_failure(GstElement* pipeline) {
  Owned<GstBus> bus(gst_element_get_bus(pipeline));
  OwnedMessage message(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR));
  return message ? describe(message.get()) : "it can't be started, GStreamer doesn't say why";
}

}  // namespace vireo::deployment
