#include "plugins/gst/frame_meta.h"

#include <algorithm>
#include <cmath>

namespace vireo::gst {
namespace {

using NotePointer = std::shared_ptr<const FrameNote>;

struct NoteMeta {
  GstMeta meta;
  NotePointer* note;
};

gboolean init_note(GstMeta* meta, gpointer, GstBuffer*) {
  reinterpret_cast<NoteMeta*>(meta)->note = new NotePointer;
  return TRUE;
}

void free_note(GstMeta* meta, GstBuffer*) { delete reinterpret_cast<NoteMeta*>(meta)->note; }

/// Results in the pixels of a frame that was scaled from one size to another.
NotePointer scaled(const FrameNote& note, const GstVideoMetaTransform& transform) {
  const double sx = double(GST_VIDEO_INFO_WIDTH(transform.out_info)) / GST_VIDEO_INFO_WIDTH(transform.in_info);
  const double sy = double(GST_VIDEO_INFO_HEIGHT(transform.out_info)) / GST_VIDEO_INFO_HEIGHT(transform.in_info);
  auto copy = std::make_shared<FrameNote>(note);
  copy->result.width = GST_VIDEO_INFO_WIDTH(transform.out_info);
  copy->result.height = GST_VIDEO_INFO_HEIGHT(transform.out_info);
  for (sdk::Detection& detection : copy->result.detections) {
    detection.x = float(detection.x * sx);
    detection.width = float(detection.width * sx);
    detection.y = float(detection.y * sy);
    detection.height = float(detection.height * sy);
    for (sdk::Keypoint& point : detection.keypoints) {
      point.x = float(point.x * sx);
      point.y = float(point.y * sy);
    }
  }
  return copy;
}

const GstMetaInfo* note_info(NoteKind kind);

gboolean transform_note(GstBuffer* target, GstMeta* meta, GstBuffer*, GQuark type, gpointer data) {
  const auto* source = reinterpret_cast<const NoteMeta*>(meta);
  if (!*source->note) return FALSE;
  const NoteKind kind = meta->info == note_info(NoteKind::result) ? NoteKind::result : NoteKind::truth;
  if (GST_META_TRANSFORM_IS_COPY(type)) {
    if (static_cast<GstMetaTransformCopy*>(data)->region) return FALSE;
    attach_note(target, kind, *source->note);
    return TRUE;
  }
  if (GST_VIDEO_META_TRANSFORM_IS_SCALE(type)) {
    attach_note(target, kind, scaled(**source->note, *static_cast<GstVideoMetaTransform*>(data)));
    return TRUE;
  }
  return FALSE;
}

const GstMetaInfo* register_note(const char* api_name, const char* name) {
  if (const GstMetaInfo* known = gst_meta_get_info(name)) return known;
  static const gchar* tags[] = {GST_META_TAG_VIDEO_STR, GST_META_TAG_VIDEO_SIZE_STR, nullptr};
  GType api = g_type_from_name(api_name);
  if (api == 0) api = gst_meta_api_type_register(api_name, tags);
  return gst_meta_register(api, name, sizeof(NoteMeta), init_note, free_note, transform_note);
}

const GstMetaInfo* note_info(NoteKind kind) {
  static const GstMetaInfo* result = register_note("VireoFrameMetaAPI", "VireoFrameMeta");
  static const GstMetaInfo* truth = register_note("VireoTruthMetaAPI", "VireoTruthMeta");
  return kind == NoteKind::result ? result : truth;
}

/// Flat list x, y, score, x, y, score, …
void set_keypoints(GstStructure* structure, const std::vector<sdk::Keypoint>& keypoints) {
  GValue list = G_VALUE_INIT, value = G_VALUE_INIT;
  g_value_init(&list, GST_TYPE_ARRAY);
  g_value_init(&value, G_TYPE_FLOAT);
  for (const sdk::Keypoint& point : keypoints) {
    for (const float number : {point.x, point.y, point.score}) {
      g_value_set_float(&value, number);
      gst_value_array_append_value(&list, &value);
    }
  }
  g_value_unset(&value);
  gst_structure_take_value(structure, "keypoints", &list);
}

std::vector<sdk::Keypoint> get_keypoints(const GstStructure* structure) {
  std::vector<sdk::Keypoint> keypoints;
  const GValue* list = gst_structure_get_value(structure, "keypoints");
  if (!list || !GST_VALUE_HOLDS_ARRAY(list)) return keypoints;
  const guint count = gst_value_array_get_size(list);
  const auto at = [&](guint i) {
    const GValue* value = gst_value_array_get_value(list, i);
    return G_VALUE_HOLDS_FLOAT(value) ? g_value_get_float(value) : 0.0f;
  };
  for (guint i = 0; i + 2 < count; i += 3) keypoints.push_back({at(i), at(i + 1), at(i + 2)});
  return keypoints;
}

}  // namespace

void attach_note(GstBuffer* buffer, NoteKind kind, std::shared_ptr<const FrameNote> note) {
  if (GstMeta* old = gst_buffer_get_meta(buffer, note_info(kind)->api)) gst_buffer_remove_meta(buffer, old);
  GstMeta* meta = gst_buffer_add_meta(buffer, note_info(kind), nullptr);
  *reinterpret_cast<NoteMeta*>(meta)->note = std::move(note);
}

const FrameNote* find_note(GstBuffer* buffer, NoteKind kind) {
  const GstMeta* meta = gst_buffer_get_meta(buffer, note_info(kind)->api);
  return meta ? reinterpret_cast<const NoteMeta*>(meta)->note->get() : nullptr;
}

void attach_regions(GstBuffer* buffer, const sdk::FrameResult& result) {
  for (const sdk::Detection& detection : result.detections) {
    const auto clip = [](float value, int limit) { return std::clamp<long>(std::lround(value), 0, limit); };
    const long left = clip(detection.x, result.width), right = clip(detection.x + detection.width, result.width);
    const long top = clip(detection.y, result.height), bottom = clip(detection.y + detection.height, result.height);
    GstVideoRegionOfInterestMeta* region = gst_buffer_add_video_region_of_interest_meta(
        buffer, detection.label.c_str(), guint(left), guint(top), guint(right - left), guint(bottom - top));
    if (detection.track_id >= 0) region->id = gint(detection.track_id);
    GstStructure* structure =
        gst_structure_new("detection", "confidence", G_TYPE_DOUBLE, double(detection.score), "label-id", G_TYPE_INT,
                          detection.class_id, "label", G_TYPE_STRING, detection.label.c_str(), "track-id", G_TYPE_INT64,
                          gint64(detection.track_id), "x", G_TYPE_DOUBLE, double(detection.x), "y", G_TYPE_DOUBLE,
                          double(detection.y), "width", G_TYPE_DOUBLE, double(detection.width), "height", G_TYPE_DOUBLE,
                          double(detection.height), "rotation", G_TYPE_DOUBLE, double(detection.rotation), nullptr);
    if (!detection.keypoints.empty()) set_keypoints(structure, detection.keypoints);
    gst_video_region_of_interest_meta_add_param(region, structure);
  }
}

std::vector<sdk::Detection> read_regions(GstBuffer* buffer) {
  std::vector<sdk::Detection> detections;
  gpointer state = nullptr;
  while (GstMeta* meta = gst_buffer_iterate_meta_filtered(buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) {
    auto* region = reinterpret_cast<GstVideoRegionOfInterestMeta*>(meta);
    sdk::Detection detection;
    detection.x = float(region->x);
    detection.y = float(region->y);
    detection.width = float(region->w);
    detection.height = float(region->h);
    detection.score = 1;
    if (region->roi_type) detection.label = g_quark_to_string(region->roi_type);
    if (const GstStructure* structure = gst_video_region_of_interest_meta_get_param(region, "detection")) {
      gdouble confidence = 1;
      gint64 track = -1;
      if (gst_structure_get_double(structure, "confidence", &confidence)) detection.score = float(confidence);
      if (!gst_structure_get_int(structure, "label-id", &detection.class_id)) {
        gst_structure_get_int(structure, "label_id", &detection.class_id);
      }
      if (gst_structure_get_int64(structure, "track-id", &track)) detection.track_id = track;
      detection.keypoints = get_keypoints(structure);
    }
    detections.push_back(std::move(detection));
  }
  return detections;
}

}  // namespace vireo::gst
