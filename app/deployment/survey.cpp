#include "app/deployment/survey.h"

#include "app/deployment/elements.h"
#include "app/deployment/gst_objects.h"
#include "app/deployment/sinks.h"

namespace vireo::deployment {
namespace {

bool has_factory(const char* name) {
  GstElementFactory* factory = gst_element_factory_find(name);
  if (factory) gst_object_unref(factory);
  return factory != nullptr;
}

struct Need {
  std::vector<const char*> any_of;
  bool essential;
  const char *what, *package;
};

}  // namespace

std::vector<ElementInfo> list_elements() {
  load_elements();
  std::vector<ElementInfo> list;
  GList* features = gst_registry_get_feature_list_by_plugin(gst_registry_get(), "vireo");
  for (GList* item = features; item; item = item->next) {
    if (!GST_IS_ELEMENT_FACTORY(item->data)) continue;
    auto* factory = GST_ELEMENT_FACTORY(item->data);
    const gchar* summary = gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_DESCRIPTION);
    list.push_back({GST_OBJECT_NAME(factory), summary ? summary : ""});
  }
  gst_plugin_feature_list_free(features);
  return list;
}

std::vector<Finding> survey() {
  std::vector<Finding> list;
  try {
    load_elements();
    list.push_back({true, true, "Vireo's GStreamer elements", ""});
  } catch (const Error& error) {
    list.push_back({false, true, "Vireo's GStreamer elements", error.what()});
  }
  static const Need kNeeds[] = {
      {{"videoconvert"}, true, "video conversion", "gstreamer1.0-plugins-base"},
      {{"decodebin"}, true, "automatic decoding", "gstreamer1.0-plugins-base"},
      {{"qtdemux"}, false, "MP4 files", "gstreamer1.0-plugins-good"},
      {{"avdec_h264", "openh264dec", "vah264dec"}, false, "H.264 video", "gstreamer1.0-libav"},
      {{"avdec_h265", "libde265dec", "vah265dec"}, false, "H.265 video", "gstreamer1.0-libav"},
      {{"vp9dec", "avdec_vp9"}, false, "VP9 video", "gstreamer1.0-plugins-good"},
      {{"dav1ddec", "av1dec", "avdec_av1"}, false, "AV1 video", "gstreamer1.0-plugins-bad"},
      {{"x264enc", "openh264enc", "vah264enc"}, false, "writing H.264", "gstreamer1.0-plugins-ugly"},
      {{"mp4mux"}, false, "writing MP4", "gstreamer1.0-plugins-good"},
      {{"v4l2src"}, false, "cameras", "gstreamer1.0-plugins-good"},
      {{"rtspsrc"}, false, "RTSP cameras", "gstreamer1.0-plugins-good"},
      {{"ximagesink", "glimagesink", "waylandsink"}, false, "windows", "gstreamer1.0-x"},
  };
  for (const Need& need : kNeeds) {
    const char* found = nullptr;
    for (const char* name : need.any_of)
      if (!found && has_factory(name)) found = name;
    list.push_back({found != nullptr, need.essential,
                    std::string(need.what) + (found ? std::string(" (") + found + ")" : ""),
                    std::string("install ") + need.package});
  }
  const std::string display = find_display_sink();
  list.push_back({!display.empty(), false, "a display", "none is reachable from here; --sink FILE.mp4 works without"});
  return list;
}

}  // namespace vireo::deployment
