#include "plugins/gst/picture_name.h"

namespace vireo::gst {
namespace {

struct NameMeta {
  GstMeta meta;
  std::string* name;
};

gboolean init(GstMeta* meta, gpointer, GstBuffer*) {
  reinterpret_cast<NameMeta*>(meta)->name = new std::string;
  return TRUE;
}

void release(GstMeta* meta, GstBuffer*) { delete reinterpret_cast<NameMeta*>(meta)->name; }

gboolean transform(GstBuffer* target, GstMeta* meta, GstBuffer*, GQuark, gpointer) {
  attach_picture_name(target, *reinterpret_cast<NameMeta*>(meta)->name);
  return TRUE;
}

const GstMetaInfo* info() {
  static const GstMetaInfo* const registered = [] {
    constexpr const char* kName = "VireoPictureNameMeta";
    if (const GstMetaInfo* known = gst_meta_get_info(kName)) return known;
    static const gchar* tags[] = {nullptr};
    GType api = g_type_from_name("VireoPictureNameMetaAPI");
    if (api == 0) api = gst_meta_api_type_register("VireoPictureNameMetaAPI", tags);
    return gst_meta_register(api, kName, sizeof(NameMeta), init, release, transform);
  }();
  return registered;
}

}  // namespace

void attach_picture_name(GstBuffer* buffer, const std::string& name) {
  if (GstMeta* old = gst_buffer_get_meta(buffer, info()->api)) gst_buffer_remove_meta(buffer, old);
  *reinterpret_cast<NameMeta*>(gst_buffer_add_meta(buffer, info(), nullptr))->name = name;
}

const std::string* find_picture_name(GstBuffer* buffer) {
  const GstMeta* meta = gst_buffer_get_meta(buffer, info()->api);
  return meta ? reinterpret_cast<const NameMeta*>(meta)->name : nullptr;
}

}  // namespace vireo::gst
