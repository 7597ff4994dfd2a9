#include "app/deployment/survey.h"

#include <dlfcn.h>

#include "app/deployment/elements.h"
#include "app/deployment/gst_objects.h"
#include "app/deployment/sinks.h"

namespace vireo::deployment {
namespace {

using machine::Finding;
using machine::State;

/// One of each group is needed.
struct Need {
  std::vector<std::vector<const char*>> groups;
  bool essential;
  const char *what, *packages;
};

const char* find(const std::vector<const char*>& any_of) {
  for (const char* name : any_of)
    if (has_element(name)) return name;
  return nullptr;
}

std::string joined(const std::vector<const char*>& names, const char* between) {
  std::string text;
  for (const char* name : names) text += (text.empty() ? "" : between) + std::string(name);
  return text;
}

Finding examine(const Need& need) {
  std::vector<const char*> found;
  std::string lacks;
  for (const std::vector<const char*>& group : need.groups) {
    if (const char* name = find(group)) found.push_back(name);
    else lacks += (lacks.empty() ? "" : ", ") + joined(group, " or ");
  }
  if (lacks.empty()) return {"video", State::ok, std::string(need.what) + " (" + joined(found, ", ") + ")", ""};
  return {"video", need.essential ? State::missing : State::absent,
          std::string(need.what) + ": GStreamer has no element " + lacks, machine::install(need.packages)};
}

Finding examine_library(const char* library, const char* what, const char* package) {
  void* handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
  if (!handle)
    return {"video", State::absent, std::string(what) + ": there is no " + library, machine::install(package)};
  dlclose(handle);
  return {"video", State::ok, std::string(what) + " (" + library + ")", ""};
}

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

std::string plugin_version() {
  try {
    load_elements();
  } catch (const Error&) {
    return {};
  }
  GstPlugin* plugin = gst_registry_find_plugin(gst_registry_get(), "vireo");
  if (!plugin) return {};
  const Owned<GstPlugin> owned(plugin);
  return gst_plugin_get_version(plugin);
}

std::vector<Finding> survey() {
  std::vector<Finding> list;
  try {
    load_elements();
    list.push_back({"video", State::ok, "Vireo's GStreamer elements", ""});
  } catch (const Error& error) {
    list.push_back({"video", State::missing, std::string("Vireo's GStreamer elements: ") + error.what(),
                    "ninja -C build gstvireo  # or install all of one build"});
    return list;  // whatever else is missing is missing because of the same
  }
  static const Need kNeeds[] = {
      {{{"appsrc"}, {"appsink"}, {"videoconvert"}}, true, "pipelines", "gstreamer1.0-plugins-base"},
      {{{"uridecodebin"}, {"decodebin"}}, true, "automatic decoding", "gstreamer1.0-plugins-base"},
      {{{"qtdemux"}, {"matroskademux"}, {"avidemux"}}, false, "MP4, MKV and AVI files", "gstreamer1.0-plugins-good"},
      {{{"tsdemux"}}, false, "MPEG transport streams", "gstreamer1.0-plugins-bad"},
      {{{"h264parse"}, {"h265parse"}}, false, "parsers of H.264 and H.265", "gstreamer1.0-plugins-bad"},
      {{{"avdec_h264", "openh264dec", "vah264dec", "v4l2h264dec", "nvh264dec"}},
       false,
       "decoding H.264",
       "gstreamer1.0-libav"},
      {{{"avdec_h265", "libde265dec", "vah265dec", "v4l2h265dec", "nvh265dec"}},
       false,
       "decoding H.265",
       "gstreamer1.0-libav"},
      {{{"jpegdec", "avdec_mjpeg", "vajpegdec"}},
       false,
       "decoding JPEG, and cameras that send it",
       "gstreamer1.0-plugins-good"},
      {{{"vp9dec", "avdec_vp9"}}, false, "decoding VP9", "gstreamer1.0-plugins-good"},
      {{{"dav1ddec", "av1dec", "avdec_av1"}}, false, "decoding AV1", "gstreamer1.0-plugins-bad"},
      {{{"x264enc", "openh264enc", "vah264enc"}}, false, "writing H.264", "gstreamer1.0-plugins-ugly"},
      {{{"mp4mux"}, {"matroskamux"}}, false, "writing MP4 and MKV", "gstreamer1.0-plugins-good"},
      {{{"jpegenc"}, {"pngenc"}}, false, "snapshots", "gstreamer1.0-plugins-good"},
      {{{"v4l2src"}}, false, "cameras", "gstreamer1.0-plugins-good"},
      {{{"rtspsrc"}, {"rtph264depay"}, {"rtph265depay"}, {"rtpjitterbuffer"}, {"udpsrc"}},
       false,
       "RTSP cameras",
       "gstreamer1.0-plugins-good"},
      {{{"souphttpsrc", "curlhttpsrc"}}, false, "video over HTTP", "gstreamer1.0-plugins-good"},
      {{{"hlsdemux", "hlsdemux2"}}, false, "HLS", "gstreamer1.0-plugins-bad"},
      {{{"ximagesrc", "pipewiresrc"}}, false, "capturing the screen", "gstreamer1.0-plugins-good"},
      {{{"ximagesink", "glimagesink", "waylandsink"}}, false, "windows", "gstreamer1.0-x"},
  };
  for (const Need& need : kNeeds) list.push_back(examine(need));
  list.push_back(examine_library("libgstrtspserver-1.0.so.0", "serving RTSP", "libgstrtspserver-1.0-0"));
  const std::string display = find_display_sink();
  list.push_back(display.empty() ? Finding{"video", State::none, "no display is reachable from here",
                                           "nothing, for servers: --sink FILE.mp4 works without; else set DISPLAY"}
                                 : Finding{"video", State::ok, "a display (" + display + ")", ""});
  return list;
}

}  // namespace vireo::deployment
