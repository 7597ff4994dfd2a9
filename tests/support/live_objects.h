#pragma once
// What GStreamer's leaks tracer says. The program must set GST_TRACERS=leaks before GStreamer starts.

#include <gst/gst.h>

#include <map>
#include <string>

namespace vireo::tests {

/// Objects that are alive, by type; empty without the tracer.
inline std::map<std::string, int> live_objects() {
  std::map<std::string, int> counts;
  GList* tracers = gst_tracing_get_active_tracers();
  for (GList* at = tracers; at; at = at->next) {
    if (std::string(G_OBJECT_TYPE_NAME(at->data)) != "GstLeaksTracer") continue;
    GstStructure* live = nullptr;
    g_signal_emit_by_name(at->data, "get-live-objects", &live);
    const GValue* list = live ? gst_structure_get_value(live, "live-objects-list") : nullptr;
    for (guint i = 0; list && i < gst_value_list_get_size(list); ++i) {
      const GstStructure* object = gst_value_get_structure(gst_value_list_get_value(list, i));
      const GValue* value = gst_structure_get_value(object, "object");
      ++counts[value ? G_VALUE_TYPE_NAME(value) : "unknown"];
    }
    // The answer is not freed: it holds objects of which it took no reference.
  }
  g_list_free_full(tracers, gst_object_unref);
  return counts;
}

}  // namespace vireo::tests
