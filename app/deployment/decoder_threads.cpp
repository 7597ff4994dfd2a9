#include "app/deployment/decoder_threads.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace vireo::deployment {
namespace {

std::atomic<int>& decoders() {
  static std::atomic<int> count{0};
  return count;
}

bool is_libav_decoder(GstElement* element) {
  GstElementFactory* factory = gst_element_get_factory(element);
  return factory && g_str_has_prefix(GST_OBJECT_NAME(factory), "avdec_") &&
         g_object_class_find_property(G_OBJECT_GET_CLASS(element), "max-threads");
}

/// Before it is opened, which is when it starts its threads.
void limit(GstBin*, GstBin*, GstElement* element, gpointer) {
  if (!is_libav_decoder(element)) return;
  const int count = ++decoders();
  g_object_weak_ref(
      G_OBJECT(element), [](gpointer, GObject*) { --decoders(); }, nullptr);
  // The only one has them all, as many as it wants: it decides better.
  if (count == 1) return;
  const int cores = int(std::max(1u, std::thread::hardware_concurrency()));
  g_object_set(element, "max-threads", std::max(1, cores / count), nullptr);
}

}  // namespace

void share_decoder_threads(GstBin* bin) { g_signal_connect(bin, "deep-element-added", G_CALLBACK(limit), nullptr); }

}  // namespace vireo::deployment
