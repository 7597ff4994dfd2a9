// Finding libgstvireo.so: next to the program (build tree or installation), else where GStreamer looks by itself.

#include <malloc.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <mutex>

#include "app/deployment/elements.h"
#include "app/deployment/gst_objects.h"
#include "engine/api/log.h"

namespace vireo::deployment {
namespace {

namespace fs = std::filesystem;

fs::path program_folder() {
  std::error_code failed;
  return fs::read_symlink("/proc/self/exe", failed).parent_path();
}

void load_plugin() {
  const fs::path folder = program_folder();
  std::string tried;
  for (const char* place : {"../lib/gstreamer-1.0", VIREO_PLUGIN_PLACE, "."}) {  // build tree, installation
    const fs::path file = (folder / place / "libgstvireo.so").lexically_normal();
    std::error_code failed;
    if (!fs::exists(file, failed)) continue;
    GError* error = nullptr;
    GstPlugin* plugin = gst_plugin_load_file(file.c_str(), &error);
    if (plugin) {
      gst_registry_add_plugin(gst_registry_get(), plugin);
      gst_object_unref(plugin);
      return;
    }
    tried += "; " + file.string() + ": " + (error ? error->message : "can't be loaded");
    g_clear_error(&error);
  }
  GstElementFactory* known = gst_element_factory_find("vireoinfer");
  if (!known) {
    throw Error(ErrorCode::not_found,
                "Vireo's GStreamer plugin was not found beside the program (../lib/gstreamer-1.0) nor in "
                "GStreamer's own folders; build target gstvireo or set GST_PLUGIN_PATH" +
                    tried);
  }
  gst_object_unref(known);
}

}  // namespace

void load_elements() {
  static std::once_flag once;
  std::call_once(once, [] {
    // Left to itself, malloc learns from freed frames to keep frames in its heaps, one for each of many threads, where
    // they leave holes: 35 MB for each further 720p stream, 29 when frames come from the system.
    constexpr int kFrameSized = 256 * 1024;
    mallopt(M_MMAP_THRESHOLD, kFrameSized);
    GError* error = nullptr;
    if (!gst_init_check(nullptr, nullptr, &error)) {
      const std::string why = error ? error->message : "unknown reason";
      g_clear_error(&error);
      throw Error(ErrorCode::internal, "GStreamer can't start: " + why);
    }
    // The plugin takes messages for GStreamer's log, where a program's user does not look.
    Logger* const own = set_logger(nullptr);
    load_plugin();
    set_logger(own);
  });
}

}  // namespace vireo::deployment
