#include "plugins/gst/frame_meta.h"

#include <algorithm>

#include "plugins/gst/note_trail.h"

namespace vireo::gst {
namespace {

/// The three kinds of our metas: two that are true for their buffer's picture, and trails, which say what was true of
/// the picture that this one was made from.
enum class Slot : std::uint8_t { result, truth, result_trail, truth_trail };

struct NoteMeta {
  GstMeta meta;
  NotePointer* note;
};

NotePointer& note_of(GstMeta* meta) { return *reinterpret_cast<NoteMeta*>(meta)->note; }

gboolean init_note(GstMeta* meta, gpointer, GstBuffer*) {
  reinterpret_cast<NoteMeta*>(meta)->note = new NotePointer;
  return TRUE;
}

void free_note(GstMeta* meta, GstBuffer*) { delete reinterpret_cast<NoteMeta*>(meta)->note; }

const GstMetaInfo* slot_info(Slot slot);

void put(GstBuffer* buffer, Slot slot, NotePointer note) {
  const GstMetaInfo* info = slot_info(slot);
  if (GstMeta* old = gst_buffer_get_meta(buffer, info->api)) gst_buffer_remove_meta(buffer, old);
  note_of(gst_buffer_add_meta(buffer, info, nullptr)) = std::move(note);
}

NotePointer transformed(const FrameNote& note, const sdk::Affine& map, int width, int height) {
  auto copy = std::make_shared<FrameNote>(note);
  sdk::transform_result(copy->result, map, width, height);
  return copy;
}

/// How the picture changed, where the element that changed it says so in a way that we know.
bool told_change(GQuark type, gpointer data, sdk::Affine& map, int& width, int& height) {
  if (GST_VIDEO_META_TRANSFORM_IS_SCALE(type)) {
    const auto& change = *static_cast<GstVideoMetaTransform*>(data);
    width = GST_VIDEO_INFO_WIDTH(change.out_info);
    height = GST_VIDEO_INFO_HEIGHT(change.out_info);
    map = sdk::Affine::scale(double(width) / GST_VIDEO_INFO_WIDTH(change.in_info),
                             double(height) / GST_VIDEO_INFO_HEIGHT(change.in_info));
    return true;
  }
#ifdef GST_VIDEO_META_TRANSFORM_IS_MATRIX
  if (GST_VIDEO_META_TRANSFORM_IS_MATRIX(type)) {
    const auto& change = *static_cast<GstVideoMetaTransformMatrix*>(data);
    width = GST_VIDEO_INFO_WIDTH(change.out_info);
    height = GST_VIDEO_INFO_HEIGHT(change.out_info);
    const auto& m = change.matrix;  // of coordinates from the corners of the two rectangles
    map = sdk::Affine{1, 0, -double(change.in_rectangle.x), 0, 1, -double(change.in_rectangle.y)}
              .then({m[0][0], m[0][1], m[0][2], m[1][0], m[1][1], m[1][2]})
              .then({1, 0, double(change.out_rectangle.x), 0, 1, double(change.out_rectangle.y)});
    return true;
  }
#endif
  return false;
}

gboolean transform_note(GstBuffer* target, GstMeta* meta, GstBuffer*, GQuark type, gpointer data) {
  const NotePointer& note = note_of(meta);
  if (!note) return FALSE;
  const Slot slot = meta->info == slot_info(Slot::result) ? Slot::result : Slot::truth;
  if (GST_META_TRANSFORM_IS_COPY(type)) {
    if (static_cast<GstMetaTransformCopy*>(data)->region) return FALSE;
    put(target, slot, note);
    return TRUE;
  }
  sdk::Affine map;
  int width = 0, height = 0;
  if (!told_change(type, data, map, width, height)) return FALSE;
  put(target, slot, transformed(*note, map, width, height));
  return TRUE;
}

/// Trails stay what they are, whatever becomes of the picture.
gboolean transform_trail(GstBuffer* target, GstMeta* meta, GstBuffer*, GQuark, gpointer) {
  const NotePointer& note = note_of(meta);
  if (!note) return FALSE;
  put(target, meta->info == slot_info(Slot::result_trail) ? Slot::result_trail : Slot::truth_trail, note);
  return TRUE;
}

const GstMetaInfo* register_note(const char* api_name, const char* name, bool trail) {
  if (const GstMetaInfo* known = gst_meta_get_info(name)) return known;
  // Elements that crop or turn keep only what has to do with nothing but video in general.
  static const gchar* tags[] = {GST_META_TAG_VIDEO_STR, GST_META_TAG_VIDEO_SIZE_STR, nullptr};
  static const gchar* trail_tags[] = {GST_META_TAG_VIDEO_STR, nullptr};
  GType api = g_type_from_name(api_name);
  if (api == 0) api = gst_meta_api_type_register(api_name, trail ? trail_tags : tags);
  return gst_meta_register(api, name, sizeof(NoteMeta), init_note, free_note, trail ? transform_trail : transform_note);
}

const GstMetaInfo* slot_info(Slot slot) {
  static const GstMetaInfo* const infos[] = {
      register_note("VireoFrameMetaAPI", "VireoFrameMeta", false),
      register_note("VireoTruthMetaAPI", "VireoTruthMeta", false),
      register_note("VireoFrameTrailMetaAPI", "VireoFrameTrailMeta", true),
      register_note("VireoTruthTrailMetaAPI", "VireoTruthTrailMeta", true),
  };
  return infos[std::size_t(slot)];
}

Slot slot_of(NoteKind kind) { return kind == NoteKind::result ? Slot::result : Slot::truth; }
Slot trail_of(NoteKind kind) { return kind == NoteKind::result ? Slot::result_trail : Slot::truth_trail; }

NotePointer stored(GstBuffer* buffer, Slot slot) {
  GstMeta* meta = gst_buffer_get_meta(buffer, slot_info(slot)->api);
  return meta ? note_of(meta) : nullptr;
}

}  // namespace

void attach_note(GstBuffer* buffer, NoteKind kind, NotePointer note) {
  put(buffer, trail_of(kind), note);
  put(buffer, slot_of(kind), std::move(note));
}

void add_note(GstBuffer* buffer, const NotePointer& earlier, NotePointer note) {
  if (earlier && earlier != note) {
    auto all = std::make_shared<FrameNote>(*earlier);
    sdk::merge_result(all->result, note->result);
    all->age = std::min(all->age, note->age);
    all->latency_ns = std::max(all->latency_ns, note->latency_ns);
    all->tensors.insert(all->tensors.end(), note->tensors.begin(), note->tensors.end());
    note = std::move(all);
  }
  attach_note(buffer, NoteKind::result, std::move(note));
}

const FrameNote* find_note(GstBuffer* buffer, NoteKind kind) {
  GstMeta* meta = gst_buffer_get_meta(buffer, slot_info(slot_of(kind))->api);
  return meta ? note_of(meta).get() : nullptr;
}

NotePointer read_note(GstBuffer* buffer, NoteKind kind, GstPad* pad, int width, int height, std::string* lost) {
  if (NotePointer note = stored(buffer, slot_of(kind))) return note;
  const NotePointer trail = stored(buffer, trail_of(kind));
  const Way way = way_back(pad, kind);
  if (trail && way.found && way.lost.empty()) return transformed(*trail, way.map, width, height);
  if (lost && way.found && !way.lost.empty() && !way.mixed) *lost = way.lost;
  return nullptr;
}

}  // namespace vireo::gst
