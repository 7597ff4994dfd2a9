// The plugin as GStreamer loads it: one registration per line.

#include <gst/gst.h>

#include "engine/api/log.h"
#include "plugins/gst/elements.h"

GST_DEBUG_CATEGORY_STATIC(vireo_debug);

namespace {

/// The libraries' messages go to GStreamer's log: GST_DEBUG=vireo:5. Warnings that GStreamer would
/// not show still reach stderr, as they do without a logger.
class GstLogger : public vireo::Logger {
 public:
  void log(vireo::LogLevel level, std::string_view message) noexcept override {
    static constexpr GstDebugLevel kLevels[] = {GST_LEVEL_DEBUG, GST_LEVEL_INFO, GST_LEVEL_WARNING, GST_LEVEL_ERROR};
    if (level == vireo::LogLevel::off) return;
    const bool shown = gst_debug_is_active() && gst_debug_category_get_threshold(vireo_debug) >= kLevels[int(level)];
    if (!shown && level >= vireo::LogLevel::warning) g_printerr("vireo: %.*s\n", int(message.size()), message.data());
    gst_debug_log(vireo_debug, kLevels[int(level)], "", "", 0, nullptr, "%.*s", int(message.size()), message.data());
  }
};

gboolean plugin_init(GstPlugin* plugin) {
  GST_DEBUG_CATEGORY_INIT(vireo_debug, "vireo", 0, "Vireo's libraries");
  static GstLogger logger;
  // A program that has its own logger keeps it.
  if (vireo::Logger* earlier = vireo::set_logger(&logger)) vireo::set_logger(earlier);
  return vireo::gst::register_vireoinfer(plugin) && vireo::gst::register_vireodraw(plugin) &&
         vireo::gst::register_vireopublish(plugin) && vireo::gst::register_vireoscene(plugin);
}

}  // namespace

#define PACKAGE "vireo"
#define VIREO_LICENSE "Apache 2.0"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, vireo,
                  "Neural networks on video: inference, drawing, publishing, synthetic scenes", plugin_init, "0.1.0",
                  VIREO_LICENSE, "vireo", "vireo")
