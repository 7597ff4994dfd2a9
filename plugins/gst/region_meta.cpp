// Detections as GstVideoRegionOfInterestMeta, which elements of others read, and back. A region's corners are whole
// pixels; the exact geometry stands in its "detection" structure, together with the corners as they were then: where
// they differ from the region's, an element has moved the region, and the exact numbers follow it.

#include <algorithm>
#include <cmath>

#include "plugins/gst/frame_meta.h"

namespace vireo::gst {
namespace {

struct Corners {
  gint x = 0, y = 0, w = 0, h = 0;
  bool operator==(const Corners&) const = default;
};

/// The upright rectangle around the detection, in whole pixels inside the frame.
Corners corners_of(const sdk::Detection& d, int width, int height) {
  double x0 = d.x, y0 = d.y, x1 = double(d.x) + d.width, y1 = double(d.y) + d.height;
  if (d.rotation != 0 && std::isfinite(d.rotation)) {
    const double c = std::abs(std::cos(double(d.rotation))), s = std::abs(std::sin(double(d.rotation)));
    const double cx = (x0 + x1) / 2, cy = (y0 + y1) / 2;
    const double w = d.width * c + d.height * s, h = d.width * s + d.height * c;
    x0 = cx - w / 2, x1 = cx + w / 2, y0 = cy - h / 2, y1 = cy + h / 2;
  }
  const auto clip = [](double value, int limit) {
    return std::isfinite(value) ? gint(std::lround(std::clamp(value, 0.0, double(limit)))) : 0;
  };
  const gint left = clip(x0, width), top = clip(y0, height);
  return {left, top, clip(x1, width) - left, clip(y1, height) - top};
}

void set_numbers(GstStructure* structure, const char* name, const std::vector<float>& numbers) {
  GValue list = G_VALUE_INIT, value = G_VALUE_INIT;
  g_value_init(&list, GST_TYPE_ARRAY);
  g_value_init(&value, G_TYPE_FLOAT);
  for (const float number : numbers) {
    g_value_set_float(&value, number);
    gst_value_array_append_value(&list, &value);
  }
  g_value_unset(&value);
  gst_structure_take_value(structure, name, &list);
}

std::vector<float> get_numbers(const GstStructure* structure, const char* name) {
  std::vector<float> numbers;
  const GValue* list = gst_structure_get_value(structure, name);
  if (!list || !GST_VALUE_HOLDS_ARRAY(list)) return numbers;
  for (guint i = 0; i < gst_value_array_get_size(list); ++i) {
    const GValue* value = gst_value_array_get_value(list, i);
    numbers.push_back(G_VALUE_HOLDS_FLOAT(value) ? g_value_get_float(value) : 0.0f);
  }
  return numbers;
}

GstStructure* structure_of(const sdk::Detection& d, const Corners& corners) {
  GstStructure* s = gst_structure_new(
      "detection", "confidence", G_TYPE_DOUBLE, double(d.score), "label-id", G_TYPE_INT, d.class_id, "label",
      G_TYPE_STRING, d.label.c_str(), "track-id", G_TYPE_INT64, gint64(d.track_id), "x", G_TYPE_DOUBLE, double(d.x),
      "y", G_TYPE_DOUBLE, double(d.y), "width", G_TYPE_DOUBLE, double(d.width), "height", G_TYPE_DOUBLE,
      double(d.height), "rotation", G_TYPE_DOUBLE, double(d.rotation), "region-x", G_TYPE_INT, corners.x, "region-y",
      G_TYPE_INT, corners.y, "region-width", G_TYPE_INT, corners.w, "region-height", G_TYPE_INT, corners.h, nullptr);
  if (!d.stage.empty()) gst_structure_set(s, "stage", G_TYPE_STRING, d.stage.c_str(), nullptr);
  if (!d.keypoints.empty()) {  // x, y, score, x, y, score, …
    std::vector<float> numbers;
    for (const sdk::Keypoint& point : d.keypoints) numbers.insert(numbers.end(), {point.x, point.y, point.score});
    set_numbers(s, "keypoints", numbers);
  }
  return s;
}

/// A further class of a detection as a structure of its own, as elements of others write them.
GstStructure* structure_of(const sdk::Classification& c) {
  GstStructure* s = gst_structure_new("classification", "confidence", G_TYPE_DOUBLE, double(c.score), "label-id",
                                      G_TYPE_INT, c.class_id, "label", G_TYPE_STRING, c.label.c_str(), nullptr);
  if (!c.stage.empty()) gst_structure_set(s, "stage", G_TYPE_STRING, c.stage.c_str(), nullptr);
  return s;
}

std::string text_of(const GstStructure* structure, const char* name) {
  const gchar* text = gst_structure_get_string(structure, name);
  return text ? text : "";
}

/// The exact geometry, moved as the region was since.
void read_geometry(const GstStructure* s, const Corners& now, sdk::Detection& d) {
  gdouble x = 0, y = 0, w = 0, h = 0, rotation = 0;
  const bool exact = gst_structure_get_double(s, "x", &x) && gst_structure_get_double(s, "y", &y) &&
                     gst_structure_get_double(s, "width", &w) && gst_structure_get_double(s, "height", &h);
  Corners then;
  const bool placed = gst_structure_get_int(s, "region-x", &then.x) && gst_structure_get_int(s, "region-y", &then.y) &&
                      gst_structure_get_int(s, "region-width", &then.w) &&
                      gst_structure_get_int(s, "region-height", &then.h);
  const std::vector<float> numbers = get_numbers(s, "keypoints");
  for (std::size_t i = 0; i + 2 < numbers.size(); i += 3) {
    d.keypoints.push_back({numbers[i], numbers[i + 1], numbers[i + 2]});
  }
  if (!exact || !placed) return;
  gst_structure_get_double(s, "rotation", &rotation);
  d.x = float(x), d.y = float(y), d.width = float(w), d.height = float(h), d.rotation = float(rotation);
  if (now == then) return;
  sdk::FrameResult moved;
  const double sx = then.w > 0 ? double(now.w) / then.w : 1, sy = then.h > 0 ? double(now.h) / then.h : 1;
  moved.detections.push_back(std::move(d));
  sdk::transform_result(moved, {sx, 0, now.x - sx * then.x, 0, sy, now.y - sy * then.y}, 1 << 20, 1 << 20);
  if (!moved.detections.empty()) d = std::move(moved.detections[0]);
}

void read_structures(const GstVideoRegionOfInterestMeta* region, sdk::Detection& d) {
  for (GList* at = region->params; at; at = at->next) {
    const auto* s = static_cast<const GstStructure*>(at->data);
    gdouble confidence = 1;
    int id = -1;
    gst_structure_get_double(s, "confidence", &confidence);
    if (!gst_structure_get_int(s, "label-id", &id)) gst_structure_get_int(s, "label_id", &id);
    if (gst_structure_has_name(s, "detection")) {
      gint64 track = -1;
      d.score = float(confidence);
      d.class_id = id;
      if (gst_structure_get_int64(s, "track-id", &track)) d.track_id = track;
      d.stage = text_of(s, "stage");
      read_geometry(s, {gint(region->x), gint(region->y), gint(region->w), gint(region->h)}, d);
    } else if (gst_structure_has_name(s, "classification")) {
      d.classes.push_back({id, text_of(s, "label"), float(confidence), text_of(s, "stage")});
    }
  }
}

}  // namespace

void attach_regions(GstBuffer* buffer, const sdk::FrameResult& result, std::size_t first) {
  for (std::size_t i = first; i < result.detections.size(); ++i) {
    const sdk::Detection& d = result.detections[i];
    const Corners corners = corners_of(d, result.width, result.height);
    GstVideoRegionOfInterestMeta* region = gst_buffer_add_video_region_of_interest_meta(
        buffer, d.label.c_str(), guint(corners.x), guint(corners.y), guint(corners.w), guint(corners.h));
    if (d.id >= 0) region->id = d.id;
    region->parent_id = d.parent;
    gst_video_region_of_interest_meta_add_param(region, structure_of(d, corners));
    for (const sdk::Classification& c : d.classes) gst_video_region_of_interest_meta_add_param(region, structure_of(c));
  }
}

std::vector<sdk::Detection> read_regions(GstBuffer* buffer) {
  std::vector<sdk::Detection> detections;
  gpointer state = nullptr;
  while (GstMeta* meta = gst_buffer_iterate_meta_filtered(buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) {
    auto* region = reinterpret_cast<GstVideoRegionOfInterestMeta*>(meta);
    sdk::Detection d;
    d.x = float(region->x);
    d.y = float(region->y);
    d.width = float(region->w);
    d.height = float(region->h);
    d.score = 1;
    if (region->roi_type) d.label = g_quark_to_string(region->roi_type);
    d.id = region->id;
    d.parent = region->parent_id;
    read_structures(region, d);
    detections.push_back(std::move(d));
  }
  return detections;
}

}  // namespace vireo::gst
