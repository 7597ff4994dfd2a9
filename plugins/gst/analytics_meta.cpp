// Results as GstAnalyticsRelationMeta, GStreamer's own vocabulary for them since 1.24. Compiled with VIREO_ANALYTICS
// where the library was found.

#include "plugins/gst/frame_meta.h"

#ifdef VIREO_ANALYTICS
#include <gst/analytics/analytics.h>

#include <cmath>
#include <map>
#endif

namespace vireo::gst {

#ifdef VIREO_ANALYTICS
namespace {

GQuark quark_of(const std::string& label) { return g_quark_from_string(label.c_str()); }

/// The classes of one statement as one entry; nothing where there are none.
bool add_classes(GstAnalyticsRelationMeta* meta, const std::vector<sdk::Classification>& classes,
                 GstAnalyticsClsMtd& entry) {
  std::vector<gfloat> levels;
  std::vector<GQuark> quarks;
  for (const sdk::Classification& c : classes) {
    levels.push_back(c.score);
    quarks.push_back(quark_of(c.label));
  }
  return !levels.empty() &&
         gst_analytics_relation_meta_add_cls_mtd(meta, levels.size(), levels.data(), quarks.data(), &entry);
}

void relate(GstAnalyticsRelationMeta* meta, guint object, guint about) {
  gst_analytics_relation_meta_set_relation(meta, GST_ANALYTICS_REL_TYPE_RELATE_TO, object, about);
}

bool add_box(GstAnalyticsRelationMeta* meta, const sdk::Detection& d, GstAnalyticsODMtd& entry) {
  const auto whole = [](float value) { return std::isfinite(value) ? gint(std::lround(value)) : 0; };
  const gint x = whole(d.x), y = whole(d.y), width = whole(d.x + d.width) - x, height = whole(d.y + d.height) - y;
#if GST_CHECK_VERSION(1, 28, 0)
  if (d.rotation != 0) {
    return gst_analytics_relation_meta_add_oriented_od_mtd(meta, quark_of(d.label), x, y, width, height, d.rotation,
                                                           d.score, &entry);
  }
#endif
  return gst_analytics_relation_meta_add_od_mtd(meta, quark_of(d.label), x, y, width, height, d.score, &entry);
}

}  // namespace

void attach_analytics(GstBuffer* buffer, const sdk::FrameResult& result, std::size_t first) {
  if (result.detections.size() <= first && result.classes.empty()) return;
  GstAnalyticsRelationMeta* meta = gst_buffer_get_analytics_relation_meta(buffer);
  if (!meta) meta = gst_buffer_add_analytics_relation_meta(buffer);
  std::map<int, guint> entries;  // by the detections' ids
  for (std::size_t i = first; i < result.detections.size(); ++i) {
    const sdk::Detection& d = result.detections[i];
    GstAnalyticsODMtd box;
    if (!add_box(meta, d, box)) continue;
    if (d.id >= 0) entries[d.id] = box.id;
    GstAnalyticsClsMtd classes;
    if (add_classes(meta, d.classes, classes)) relate(meta, box.id, classes.id);
    GstAnalyticsTrackingMtd track;
    if (d.track_id >= 0 &&
        gst_analytics_relation_meta_add_tracking_mtd(meta, guint64(d.track_id), GST_BUFFER_PTS(buffer), &track)) {
      relate(meta, box.id, track.id);
    }
  }
  for (std::size_t i = first; i < result.detections.size(); ++i) {
    const auto child = entries.find(result.detections[i].id), parent = entries.find(result.detections[i].parent);
    if (child == entries.end() || parent == entries.end()) continue;
    gst_analytics_relation_meta_set_relation(meta, GST_ANALYTICS_REL_TYPE_IS_PART_OF, child->second, parent->second);
    gst_analytics_relation_meta_set_relation(meta, GST_ANALYTICS_REL_TYPE_CONTAIN, parent->second, child->second);
  }
  GstAnalyticsClsMtd frame;
  (void)add_classes(meta, result.classes, frame);
}

bool has_analytics() noexcept { return true; }
#else
void attach_analytics(GstBuffer*, const sdk::FrameResult&, std::size_t) {}
bool has_analytics() noexcept { return false; }
#endif

}  // namespace vireo::gst
